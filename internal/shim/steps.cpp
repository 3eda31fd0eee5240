#include "steps.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/runtime/custom_operator.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <set>

#include "module.h"

namespace torchgo {
namespace {

const auto observe = c10::Symbol::fromQualString("torchgo::observe");
const auto step_of = c10::Symbol::attr("step"), observer_of = c10::Symbol::attr("observer");

// The node that shows its inputs. What it needs lies in the node, not in the thread: a graph that waits for
// what it forked goes on in another one.
torch::jit::Operation show(const torch::jit::Node *n) {
  auto *observer = reinterpret_cast<Observer *>(n->i(observer_of));
  int64_t step = n->i(step_of);
  size_t count = n->inputs().size();
  return [=](torch::jit::Stack &stack) {
    std::vector<c10::IValue> values(stack.end() - static_cast<std::ptrdiff_t>(count), stack.end());
    torch::jit::drop(stack, count);
    observer->show(step, std::move(values));
  };
}

const torch::jit::RegisterOperators registered({torch::jit::Operator("torchgo::observe(...) -> ()", show, c10::AliasAnalysisKind::CONSERVATIVE)});

bool holds_tensors(const c10::TypePtr &t) {
  switch (t->kind()) {
    case c10::TypeKind::TensorType:
      return true;
    case c10::TypeKind::OptionalType:
    case c10::TypeKind::ListType:
    case c10::TypeKind::TupleType:
    case c10::TypeKind::DictType: {
      auto inner = t->containedTypes();
      return std::any_of(inner.begin(), inner.end(), holds_tensors);
    }
    default:
      return false;
  }
}

// computes tells whether what a node gives is new: neither a view nor a part of what was there.
bool computes(const torch::jit::Node *n) {
  if (n->kind() == c10::aten::to || n->kind() == c10::aten::wait || n->kind() == c10::prim::CallMethod || n->kind() == c10::prim::CallFunction) return true;
  const auto *op = n->maybeOperator();
  if (op == nullptr || !op->isC10Op()) return false;
  for (const auto &result : op->schema().returns()) {
    if (result.alias_info() == nullptr || result.alias_info()->isWrite()) return true;
  }
  return false;
}

// raises tells whether a block ends in an exception: what it decides is no choice.
bool raises(const torch::jit::Block *b) {
  auto nodes = b->nodes();
  return std::any_of(nodes.begin(), nodes.end(), [](const torch::jit::Node *n) { return n->kind() == c10::prim::RaiseException; });
}

// about_form tells whether a node asks what a value is rather than how large or what is in it.
bool about_form(const torch::jit::Node *n) {
  static const std::set<std::string> kinds{"aten::dim", "aten::is_floating_point", "aten::is_complex", "aten::__is__", "aten::__isnot__", "aten::requires_grad",
    "prim::device", "prim::dtype", "prim::is_cuda", "prim::is_nested", "prim::layout", "prim::requires_grad", "prim::isinstance", "prim::GetAttr", "prim::Constant"};
  return kinds.count(n->kind().toQualString()) != 0;
}

bool is_plain(const c10::IValue &v) {
  if (v.isList()) {
    auto elements = v.toListRef();
    return std::all_of(elements.begin(), elements.end(), is_plain);
  }
  return v.isNone() || v.isBool() || v.isInt() || v.isDouble() || v.isString() || v.isDevice();
}

// stripped takes the dot off the end of a module's name.
std::string stripped(const std::string &name) { return name.empty() ? name : name.substr(0, name.size() - 1); }

}  // namespace

Steps::Steps(torch::jit::Function &f, const ObjectRef &self, Observer *observer) : observer(observer) {
  auto *function = torch::jit::tryToGraphFunction(f);
  if (function == nullptr) throw Refusal(TS_CODE_NOT_IMPLEMENTED, f.name() + " is no TorchScript function: it has no graph to look into");
  graph = function->graph()->copy();
  objects[graph->inputs().at(0)] = {self, ""};
  walk(*graph->block()->nodes().begin(), graph->block()->return_node(), "");
  take_constants();
}

// walk goes through nodes and inlines what they call, up to one that is not visited. module ends in a dot, unless
// it is the root.
void Steps::walk(Node *from, Node *until, const std::string &module) {
  for (Node *n = from; n != until;) {
    Node *next = n->next();
    switch (n->kind()) {
      case c10::prim::CallMethod:
      case c10::prim::CallFunction:
        call(n, module);
        break;
      case c10::prim::GetAttr:
      case c10::prim::SetAttr:
        attribute(n);
        break;
      case c10::prim::If:
        if (!raises(n->blocks()[0]) && !raises(n->blocks()[1]) && depends_on_data(n->input())) {
          add({stripped(module), n->kind().toQualString(), Origin(n), {}}, n, {n->input()}, n);
        }
        [[fallthrough]];
      case c10::prim::Loop:
        for (auto *b : n->blocks()) walk(*b->nodes().begin(), b->return_node(), module);
        break;
      default: {
        std::vector<Value *> shown;
        for (auto *v : n->outputs()) {
          if (holds_tensors(v->type())) shown.push_back(v);
        }
        if (!shown.empty() && computes(n)) add({stripped(module), n->kind().toQualString(), Origin(n), {}}, n, shown, next);
      }
    }
    n = next;
  }
}

// call inlines a call; what a submodule gives is a step behind those of its own. What cannot be inlined, the
// method of an interface, stays a call.
void Steps::call(Node *n, const std::string &module) {
  torch::jit::GraphFunction *callee = nullptr;
  std::string inner = module;
  if (n->kind() == c10::prim::CallFunction) {
    if (auto type = n->input(0)->type()->cast<c10::FunctionType>()) callee = torch::jit::tryToGraphFunction(*type->function());
    if (callee != nullptr) n->removeInput(0);
  } else {
    if (auto type = n->input(0)->type()->cast<c10::ClassType>()) callee = torch::jit::tryToGraphFunction(type->getMethod(n->s(c10::attr::name)));
    auto known = objects.find(n->input(0));
    if (known != objects.end()) inner = known->second.second;
  }
  Node *before = n->prev(), *behind = n->next();
  Step step{stripped(inner), n->kind().toQualString(), Origin(n), {}};
  std::vector<Value *> results(n->outputs().begin(), n->outputs().end());
  if (callee != nullptr) {
    results = torch::jit::inlineCallTo(n, callee);
    walk(before->next(), behind, inner);
    if (inner == module) return;
  }
  results.erase(std::remove_if(results.begin(), results.end(), [](Value *v) { return !holds_tensors(v->type()); }), results.end());
  if (!results.empty()) add(std::move(step), nullptr, results, behind);
}

void Steps::add(Step step, const Node *n, const std::vector<Value *> &shown, Node *before) {
  if (observer != nullptr) {
    Node *node = graph->create(observe, shown, 0);
    node->i_(step_of, static_cast<int64_t>(all.size()))->i_(observer_of, reinterpret_cast<int64_t>(observer));
    node->insertBefore(before);
  }
  all.push_back(std::move(step));
  nodes.push_back(n);
}

// attribute follows the modules in modules, and notes what their numbers and flags are.
void Steps::attribute(const Node *n) {
  auto found = objects.find(n->input(0));
  if (found == objects.end()) return;
  const auto [object, prefix] = found->second;
  const std::string name = n->s(c10::attr::name);
  if (n->kind() == c10::prim::SetAttr) {
    assigned.insert(prefix + name);
    return;
  }
  c10::IValue now = object->getAttr(name);
  if (now.isObject()) objects[n->output()] = {now.toObject(), prefix + name + "."};
  else plain[n->output()] = {prefix + name, now};
}

// depends_on_data tells whether a value may be another for other inputs.
bool Steps::depends_on_data(const Value *v) {
  auto [place, fresh] = data.try_emplace(v, false);  // false while it is looked at: a circle adds nothing
  if (!fresh) return place->second;
  const Node *n = v->node();
  std::vector<const Value *> of(n->inputs().begin(), n->inputs().end());
  if (n->kind() == c10::prim::Param) {
    const Node *loop = n->owningBlock()->owningNode();
    if (loop == nullptr) return data[v] = v != graph->inputs().at(0);
    if (loop->kind() != c10::prim::Loop) return data[v] = true;
    of = {loop->input(v->offset() == 0 ? 0 : v->offset() + 1)};
  } else if (about_form(n)) {
    return false;
  } else if (n->kind() == c10::prim::If) {
    for (const auto *b : n->blocks()) of.push_back(b->outputs().at(v->offset()));
  }
  bool depends = std::any_of(of.begin(), of.end(), [&](const Value *one) { return depends_on_data(one); });
  return data[v] = depends;
}

// constant gives what a value is in every call, if that is known and no tensor.
std::optional<c10::IValue> Steps::constant(const Value *v) const {
  if (auto known = plain.find(v); known != plain.end()) {
    if (assigned.count(known->second.first) != 0) return {};
    return is_plain(known->second.second) ? std::optional(known->second.second) : std::nullopt;
  }
  if (v->node()->kind() == c10::prim::ListConstruct) {
    c10::impl::GenericList list(c10::AnyType::get());
    for (const auto *element : v->node()->inputs()) {
      auto one = constant(element);
      if (!one) return {};
      list.push_back(*one);
    }
    return c10::IValue(list);
  }
  auto now = torch::jit::toIValue(v);
  return now && is_plain(*now) ? now : std::nullopt;
}

void Steps::take_constants() {
  for (size_t i = 0; i < all.size(); i++) {
    const auto *schema = nodes[i] == nullptr ? nullptr : nodes[i]->maybeSchema();
    if (schema == nullptr) continue;
    const auto &arguments = schema->arguments();
    for (size_t k = 0; k < arguments.size() && k < nodes[i]->inputs().size(); k++) {
      if (auto now = constant(nodes[i]->input(k))) all[i].constants.emplace_back(arguments[k].name(), *now);
    }
  }
}

}  // namespace torchgo
