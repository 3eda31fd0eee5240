#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include <mutex>
#include <unordered_map>

#include "call.h"
#include "module.h"
#include "operator.h"

namespace torchgo {
namespace {

using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

// Layout makes the tree of a module while its parts are registered by dotted names.
class Layout {
 public:
  explicit Layout(const std::string &name) : name("__torch__." + name), root(c10::QualifiedName(this->name)) { begin(root); }

  // place gives the module that holds a dotted name, made as need be, and cuts the name down to its last part.
  Module place(std::string &path) {
    Module at = root;
    std::string class_name = name;
    for (size_t dot; (dot = path.find('.')) != std::string::npos; path.erase(0, dot + 1)) {
      const std::string part = path.substr(0, dot);
      check(part);
      class_name += "_" + part;
      if (at.hasattr(part)) {
        const c10::IValue held = at.attr(part);
        if (!held.isModule()) throw Refusal(TS_CODE_ARGUMENT, part + " is a tensor, and cannot hold others");
        at = held.toModule();
        continue;
      }
      Module inner(c10::QualifiedName(class_name), root._ivalue()->compilation_unit(), true);
      begin(inner);
      at.register_module(part, inner);
      at = inner;
    }
    check(path);
    if (at.hasattr(path)) throw Refusal(TS_CODE_ARGUMENT, "two parts are called " + path);
    return at;
  }

  static void check(const std::string &part) {
    if (part.empty()) throw Refusal(TS_CODE_ARGUMENT, "a name has an empty part");
  }

  const std::string name;
  Module root;

 private:
  // begin gives a module what Python expects of each.
  static void begin(Module &m) { m.register_attribute("training", c10::BoolType::get(), false); }
};

// has_tensor tells whether an argument is, or holds, a tensor for which known is true.
template <class Known>
bool has_tensor(const c10::IValue &v, const Known &known) {
  if (v.isTensor()) return known(v.toTensor());
  if (!v.isList()) return false;
  for (const c10::IValue &e : v.toListRef()) {
    if (e.isTensor() && known(e.toTensor())) return true;
  }
  return false;
}

}  // namespace
}  // namespace torchgo

using namespace torchgo;

struct ts_trace {
  explicit ts_trace(const std::string &name) : layout(name), graph(std::make_shared<torch::jit::Graph>()) {
    self = graph->addInput("self")->setType(layout.root._ivalue()->type());
  }

  bool knows(const at::Tensor &t) const { return t.defined() && (values.count(t.unsafeGetTensorImpl()) || parts.count(t.unsafeGetTensorImpl())); }

  // note says which value of the graph a tensor is from now on. The tensor is kept, so
  // that no other comes to lie at its address.
  void note(const at::Tensor &t, Value *v) {
    kept.push_back(t);
    values[t.unsafeGetTensorImpl()] = v;
  }

  // tensor gives the value of a tensor; one that nothing is known of is a constant.
  Value *tensor(const at::Tensor &t) {
    if (!t.defined()) return graph->insertNode(graph->createNone())->output();
    auto *impl = t.unsafeGetTensorImpl();
    if (auto found = values.find(impl); found != values.end()) return found->second;
    auto part = parts.find(impl);
    Value *v = part == parts.end() ? graph->insertConstant(t.detach()) : attribute(part->second);
    note(t, v);
    return v;
  }

  // attribute reads what is registered under a dotted name.
  Value *attribute(std::string path) {
    Value *at = self;
    Module held = layout.root;
    for (size_t dot; (dot = path.find('.')) != std::string::npos; path.erase(0, dot + 1)) {
      const std::string part = path.substr(0, dot);
      held = held.attr(part).toModule();
      at = graph->insertNode(graph->createGetAttr(at, part))->output();
    }
    return graph->insertNode(graph->createGetAttr(at, path))->output();
  }

  // argument gives the value of an argument of a call.
  Value *argument(const c10::IValue &v, const c10::TypePtr &declared) {
    if (v.isTensor()) return tensor(v.toTensor());
    if (v.isList() && has_tensor(v, [](const at::Tensor &) { return true; })) {
      std::vector<Value *> elements;
      for (const c10::IValue &e : v.toListRef()) elements.push_back(e.isTensor() ? tensor(e.toTensor()) : graph->insertNode(graph->createNone())->output());
      c10::TypePtr type = declared;
      if (auto optional = type->cast<c10::OptionalType>()) type = optional->getElementType();
      return graph->insertNode(graph->createList(type->expectRef<c10::ListType>().getElementType(), elements))->output();
    }
    return graph->insertConstant(v);
  }

  // record adds a call to the graph. What it gave stands at given, unless it gives
  // only arguments that it wrote to.
  void record(const c10::FunctionSchema &schema, const c10::Stack &stack, const ts_value *given) {
    std::vector<Value *> inputs;
    for (size_t i = 0; i < stack.size(); i++) inputs.push_back(argument(stack[i], schema.arguments()[i].type()));
    Node *node = graph->insertNode(graph->create(c10::Symbol::fromQualString(schema.name()), inputs, schema.returns().size()));
    for (size_t i = 0; i < schema.returns().size(); i++) node->output(i)->setType(schema.returns()[i].type());
    if (given == nullptr) {
      size_t i = 0;
      for (size_t a = 0; a < stack.size() && i < schema.returns().size(); a++) {
        const auto &declared = schema.arguments()[a];
        if (declared.alias_info() != nullptr && declared.alias_info()->isWrite() && stack[a].isTensor()) note(stack[a].toTensor(), node->output(i++));
      }
      return;
    }
    if (schema.returns().size() > 1) given++;  // the head of the tuple
    for (Value *out : node->outputs()) given = result(out, given);
  }

  // result notes one result of a call, and gives what follows it.
  const ts_value *result(Value *v, const ts_value *given) {
    if (given->tag == TS_TAG_TENSOR) {
      note(borrow(static_cast<const ts_tensor *>(given->p)), v);
      return given + 1;
    }
    if (given->tag != TS_TAG_LIST) return given + 1;  // a number, which is as it was
    const uint32_t n = given->n;
    const bool tensors = n > 0 && given[1].tag == TS_TAG_TENSOR;
    at::ArrayRef<Value *> elements;
    if (tensors) elements = graph->insertNode(graph->createListUnpack(v, n))->outputs();
    given++;
    for (uint32_t i = 0; i < n; i++, given++) {
      if (tensors) note(borrow(static_cast<const ts_tensor *>(given->p)), elements[i]);
    }
    return given;
  }

  // output gives the value of a result of forward.
  Value *output(const c10::IValue &v) {
    if (v.isTensor()) {
      if (!knows(v.toTensor())) throw Refusal(TS_CODE_ARGUMENT, "a result was not computed from the inputs by operators: it would be a constant");
      return tensor(v.toTensor());
    }
    if (v.isTuple()) {
      std::vector<Value *> elements;
      for (const c10::IValue &e : v.toTupleRef().elements()) elements.push_back(output(e));
      auto type = v.type()->expect<c10::TupleType>();
      return graph->insertNode(graph->createTuple(elements, type->schema() ? type : nullptr))->output();
    }
    if (v.isList() && !v.toListRef().empty()) {
      std::vector<Value *> elements;
      for (const c10::IValue &e : v.toListRef()) elements.push_back(output(e));
      return graph->insertNode(graph->createList(elements[0]->type(), elements))->output();
    }
    if (v.isGenericDict() && !v.toGenericDict().empty()) {
      std::vector<Value *> keys, elements;
      for (const auto &e : v.toGenericDict()) {
        keys.push_back(graph->insertConstant(e.key()));
        elements.push_back(output(e.value()));
      }
      return graph->insertNode(graph->createDict(keys[0]->type(), elements[0]->type(), keys, elements))->output();
    }
    throw Refusal(TS_CODE_TYPE, "forward gives " + v.tagKind() + "; it can give tensors, and tuples, lists and dicts of them that are not empty");
  }

  Layout layout;
  std::shared_ptr<torch::jit::Graph> graph;
  Value *self;
  std::unordered_map<c10::TensorImpl *, std::string> parts;  // by their dotted names
  std::unordered_map<c10::TensorImpl *, Value *> values;
  std::vector<at::Tensor> kept;
  std::mutex recording;
  bool finished = false;
};

ts_error *ts_trace_new(const char *name, ts_trace **out) noexcept {
  return guard([&] { *out = new ts_trace(name); });
}

void ts_trace_free(ts_trace *t) noexcept { delete t; }

ts_error *ts_trace_register(ts_trace *t, const char *name, const ts_tensor *tensor, int32_t is_buffer) noexcept {
  return guard([&] {
    check_not_null(t, "trace");
    Quiet quiet;
    std::string last = name;
    const at::Tensor part = borrow(tensor);
    t->layout.place(last).register_parameter(last, part, is_buffer != 0);
    t->parts.emplace(part.unsafeGetTensorImpl(), name);  // of several names for one tensor the first
    t->kept.push_back(part);
  });
}

ts_error *ts_trace_input(ts_trace *t, const char *name, const ts_tensor *tensor) noexcept {
  return guard([&] {
    check_not_null(t, "trace");
    const at::Tensor input = borrow(tensor);
    if (t->knows(input)) throw Refusal(TS_CODE_ARGUMENT, std::string("the input ") + name + " is a tensor that is another input or a part of the module");
    t->note(input, t->graph->addInput(name));
  });
}

ts_error *ts_trace_call(ts_trace *t, const ts_operator *op, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) noexcept {
  if (ts_error *e = ts_operator_call(op, in, n, flags, out, cap, more)) return e;
  return guard([&] {
    check_not_null(t, "trace");
    Quiet quiet;
    std::lock_guard<std::mutex> lock(t->recording);
    const auto &schema = op->handle.schema();
    const c10::Stack stack = arguments(schema, 0, in, n, nullptr);
    for (const c10::IValue &v : stack) {
      if (!has_tensor(v, [&](const at::Tensor &x) { return t->knows(x); })) continue;
      t->record(schema, stack, (flags & TS_CALL_NO_RESULTS) != 0 ? nullptr : *more != nullptr ? (*more)->values.data() : out);
      return;
    }
  });
}

ts_error *ts_trace_finish(ts_trace *t, const ts_value *in, size_t n, ts_module **out) noexcept {
  return guard([&] {
    check_not_null(t, "trace");
    if (t->finished) throw Refusal(TS_CODE_ARGUMENT, "the trace is finished already");
    Quiet quiet;
    Reader reader(in, n);
    t->graph->registerOutput(t->output(reader.next(c10::AnyType::get(), "the result")));
    t->finished = true;
    torch::jit::EliminateDeadCode(t->graph);
    t->graph->lint();
    Module &root = t->layout.root;
    auto *forward = root._ivalue()->compilation_unit()->create_function(c10::QualifiedName(*root.type()->name(), "forward"), t->graph);
    root.type()->addMethod(forward);
    *out = new ts_module{root, {}};
  });
}
