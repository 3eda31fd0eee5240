// Forwards without branches as lists of kernels: no interpreter goes from node to node, what is common is called without
// boxes, and what is computed in between stays where it was for the next call.
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/remove_mutation.h>

#include "kernel.h"
#include "static.h"

namespace torchgo {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

// Boxed calls anything that takes its inputs off a stack and leaves its outputs there.
class Boxed final : public Kernel {
 public:
  Boxed(torch::jit::Operation call, std::vector<Operand> in, std::vector<size_t> out)
      : call(std::move(call)), in(std::move(in)), out(std::move(out)) {}

  void run(Workspace &w) const override {
    c10::Stack &stack = w.stack;
    stack.clear();
    for (const Operand &o : in) {
      if (o.last) stack.push_back(std::move(w.registers[o.at]));
      else stack.push_back(w.registers[o.at]);
    }
    call(stack);
    for (size_t i = out.size(); i-- > 0;) {
      w.registers[out[i]] = std::move(stack.back());
      stack.pop_back();
    }
  }

 private:
  mutable torch::jit::Operation call;  // as in libtorch's own code, which several threads call as well
  const std::vector<Operand> in;
  const std::vector<size_t> out;
};

[[noreturn]] void refuse(const Node *n) {
  throw Refusal(TS_CODE_NOT_IMPLEMENTED, "the graph is not straight: it has " + std::string(n->kind().toQualString()));
}

// operation gives what the interpreter would do for a node that neither branches, writes nor does anything that shows
// outside of it.
torch::jit::Operation operation(const Node *n) {
  const size_t count = n->inputs().size();
  const auto type = n->outputs().size() == 1 ? n->output()->type() : nullptr;
  if (n->kind() == c10::prim::TupleConstruct) {
    return [count, tuple = type->cast<c10::TupleType>()](c10::Stack &stack) {
      std::vector<c10::IValue> elements(std::make_move_iterator(stack.end() - static_cast<std::ptrdiff_t>(count)), std::make_move_iterator(stack.end()));
      torch::jit::drop(stack, count);
      stack.emplace_back(tuple->schema() ? c10::ivalue::Tuple::createNamed(std::move(elements), tuple) : c10::ivalue::Tuple::create(std::move(elements)));
    };
  }
  if (n->kind() == c10::prim::ListConstruct) {
    return [count, list = type->cast<c10::ListType>()](c10::Stack &stack) {
      c10::impl::GenericList elements(list->getElementType());
      elements.reserve(count);
      for (size_t i = stack.size() - count; i < stack.size(); i++) elements.push_back(std::move(stack[i]));
      torch::jit::drop(stack, count);
      stack.emplace_back(std::move(elements));
    };
  }
  if (n->kind() == c10::prim::TupleUnpack) {
    return [](c10::Stack &stack) {
      auto tuple = torch::jit::pop(stack).toTuple();
      for (const auto &element : tuple->elements()) stack.push_back(element);
    };
  }
  if (n->kind() == c10::prim::ListUnpack) {
    return [wanted = n->outputs().size()](c10::Stack &stack) {
      auto list = torch::jit::pop(stack).toList();
      TORCH_CHECK(list.size() == wanted, "Expected ", wanted, " elements in a list but found ", list.size());
      for (size_t i = 0; i < wanted; i++) stack.push_back(list.get(i));
    };
  }
  if (n->kind() == c10::prim::DictConstruct) {
    return [count, dict = type->cast<c10::DictType>()](c10::Stack &stack) {
      c10::impl::GenericDict entries(dict->getKeyType(), dict->getValueType());
      for (size_t i = stack.size() - count; i < stack.size(); i += 2) entries.insert_or_assign(std::move(stack[i]), std::move(stack[i + 1]));
      torch::jit::drop(stack, count);
      stack.emplace_back(std::move(entries));
    };
  }
  const auto *schema = n->maybeSchema();
  if (!n->blocks().empty() || n->hasSideEffects() || schema == nullptr || schema->is_mutable() || n->maybeOperator() == nullptr) refuse(n);
  return n->getOperation();
}

// Uses tells of each input of each node whether it is the last to need its value.
class Uses {
 public:
  explicit Uses(Graph &graph) {
    for (const Value *v : graph.outputs()) last[v] = {nullptr, 0};
    for (const Node *n : graph.nodes().reverse()) {
      for (size_t i = n->inputs().size(); i-- > 0;) last.emplace(n->input(i), std::pair(n, i));
    }
  }

  bool ends(const Node *n, size_t i) const {
    return n->input(i)->node()->kind() != c10::prim::Constant && last.at(n->input(i)) == std::pair<const Node *, size_t>(n, i);
  }

 private:
  std::unordered_map<const Value *, std::pair<const Node *, size_t>> last;
};

// StraightLine runs the list.
class StraightLine final : public ts_static {
 public:
  explicit StraightLine(const torch::jit::Module &frozen) : ts_static(frozen) {
    auto graph = frozen.get_method("forward").graph()->copy();
    RemoveListMutation(graph);
    RemoveTensorMutation(graph);
    torch::jit::EliminateDeadCode(graph);
    for (const Value *v : graph->inputs()) at(v);
    inputs = first.registers.size();
    Uses uses(*graph);
    Places places(graph);
    for (const Node *n : graph->nodes()) {
      if (n->kind() == c10::prim::Constant) {
        auto constant = torch::jit::toIValue(n->output());
        if (!constant) refuse(n);  // a function, which somebody would call
        first.registers[at(n->output())] = std::move(*constant);
      } else {
        kernels.push_back(kernel(n, uses, places));
        for (const Value *v : n->outputs()) computed.push_back(at(v));
      }
    }
    result = at(graph->outputs().at(0));
    first.kept.resize(places.count());
  }

  c10::IValue run(c10::Stack arguments) override {
    auto w = idle.take([this] { return std::make_unique<Workspace>(first); });
    for (size_t i = 0; i < arguments.size(); i++) w->registers[i + 1] = std::move(arguments[i]);
    // After an error it is not used again: what it holds then is not known.
    for (const auto &k : kernels) k->run(*w);
    c10::IValue made = w->registers[result];
    for (size_t i = 1; i < inputs; i++) w->registers[i] = c10::IValue();
    for (size_t i : computed) w->registers[i] = c10::IValue();
    idle.give(std::move(w));
    return made;
  }

 private:
  // Places decides where unboxed kernels put their results.
  class Places {
   public:
    explicit Places(std::shared_ptr<Graph> graph) : graph(graph), aliases(graph, /*isFrozen=*/true) {}

    Place of(const Node *n) {
      Place place;
      place.over = over(n);
      if (!place.over && !escapes(n->output())) place.keeps = kept++;
      return place;
    }

    size_t count() const { return kept; }

   private:
    // over tells whether a node writes its result over its input: a new tensor that only this node sees.
    static bool over(const Node *n) {
      return works_in_place(n) && has_unboxed(n->input(0)->node()) && n->input(0)->uses().size() == 1;
    }

    // escapes tells whether a value, or what is written over it, may be part of the result.
    bool escapes(const Value *v) const {
      if (aliases.mayContainAlias(const_cast<Value *>(v), graph->outputs())) return true;
      Node *user = v->uses().size() == 1 ? v->uses()[0].user : nullptr;
      return user != nullptr && over(user) && escapes(user->output());
    }

    const std::shared_ptr<Graph> graph;
    const torch::jit::AliasDb aliases;
    size_t kept = 0;
  };

  // at gives a value its register.
  size_t at(const Value *v) {
    auto [place, fresh] = index.emplace(v, first.registers.size());
    if (fresh) first.registers.emplace_back();
    return place->second;
  }

  std::unique_ptr<const Kernel> kernel(const Node *n, const Uses &uses, Places &places) {
    std::vector<Operand> in;
    std::vector<size_t> out;
    for (size_t i = 0; i < n->inputs().size(); i++) in.push_back({at(n->input(i)), uses.ends(n, i)});
    for (const Value *v : n->outputs()) out.push_back(at(v));
    auto boxed = std::make_unique<const Boxed>(operation(n), in, out);
    if (!has_unboxed(n)) return boxed;
    return unboxed(n, in, out[0], places.of(n), std::move(boxed));
  }

  std::unordered_map<const Value *, size_t> index;
  Workspace first;  // with the constants; every other is a copy of it
  size_t inputs = 0, result = 0;
  std::vector<size_t> computed;
  std::vector<std::unique_ptr<const Kernel>> kernels;
  Shelf<Workspace> idle;
};

}  // namespace

std::unique_ptr<ts_static> straight(const torch::jit::Module &frozen) { return std::make_unique<StraightLine>(frozen); }

}  // namespace torchgo
