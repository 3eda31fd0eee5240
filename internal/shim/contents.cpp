// What a module consists of: submodules, tensors, constants of graphs.
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <unordered_set>

#include "module.h"
#include "value.h"

using namespace torchgo;

namespace {

using torch::jit::Block;
using torch::jit::Function;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;

struct Found {
  std::string name;
  ts_role role;
  at::Tensor tensor;
};

// Tensors walks the slots of a module tree, as the unpickler filled them.
class Tensors {
 public:
  std::vector<Found> found;

  void object(const c10::intrusive_ptr<c10::ivalue::Object> &obj, const std::string &prefix) {
    // Objects may refer to each other in circles; modules form a tree, in which
    // a shared submodule has one name for each of its places.
    auto type = obj->type();
    bool module = type->is_module();
    if (!module && !seen.insert(obj.get()).second) return;
    for (size_t i = 0; i < type->numAttributes(); i++) {
      ts_role role = type->is_parameter(i) ? TS_ROLE_PARAMETER : type->is_buffer(i) ? TS_ROLE_BUFFER : TS_ROLE_ATTRIBUTE;
      value(obj->getSlot(i), prefix + type->getAttributeName(i), role);
    }
  }

 private:
  void value(const c10::IValue &v, const std::string &name, ts_role role) {
    if (v.isTensor()) {
      if (v.toTensor().defined()) found.push_back({name, role, v.toTensor()});
    } else if (v.isObject()) {
      object(v.toObject(), name + ".");
    } else if (v.isList()) {
      auto elements = v.toListRef();
      for (size_t i = 0; i < elements.size(); i++) value(elements[i], name + "[" + std::to_string(i) + "]", role);
    } else if (v.isTuple()) {
      const auto &elements = v.toTupleRef().elements();
      for (size_t i = 0; i < elements.size(); i++) value(elements[i], name + "[" + std::to_string(i) + "]", role);
    } else if (v.isGenericDict()) {
      for (const auto &e : v.toGenericDict()) value(e.value(), name + "[" + c10::str(e.key()) + "]", role);
    }
  }

  std::unordered_set<const void *> seen;
};

// Constants walks the graphs of a module tree and of the functions they call.
class Constants {
 public:
  std::vector<Found> found;

  void module(const Module &m) {
    for (const auto &method : m.get_methods()) function(method.function());
    for (const auto &child : m.children()) module(child);
  }

 private:
  void function(Function &f) {
    auto *graph_function = torch::jit::tryToGraphFunction(f);
    if (graph_function == nullptr) return;
    auto graph = graph_function->graph();
    if (seen.insert(graph.get()).second) block(graph->block());
  }

  void block(Block *b) {
    for (Node *n : b->nodes()) {
      for (Block *inner : n->blocks()) block(inner);
      if (n->kind() == c10::prim::CallMethod) called_method(n);
      if (n->kind() != c10::prim::Constant || n->outputs().size() != 1) continue;
      auto type = n->output()->type();
      if (auto f = type->cast<c10::FunctionType>()) function(*f->function());
      else if (auto v = torch::jit::toIValue(n->output())) constant(*v, n);
    }
  }

  // Methods of classes that are no modules, and of interfaces, are not reached
  // through the module tree.
  void called_method(Node *n) {
    auto type = n->input(0)->type()->cast<c10::ClassType>();
    if (!type) return;
    if (auto *f = type->findMethod(n->s(c10::attr::name))) function(*f);
  }

  void constant(const c10::IValue &v, const Node *n) {
    if (v.isTensor()) {
      if (v.toTensor().defined() && tensors.insert(v.toTensor().unsafeGetTensorImpl()).second) {
        // Nodes that a pass made, freezing for one, come from no source.
        auto place = n->sourceRange();
        found.push_back({place.source() ? place.text().str() : "", TS_ROLE_CONSTANT, v.toTensor()});
      }
    } else if (v.isList()) {
      for (const c10::IValue &e : v.toListRef()) constant(e, n);
    } else if (v.isTuple()) {
      for (const c10::IValue &e : v.toTupleRef().elements()) constant(e, n);
    }
  }

  std::unordered_set<const void *> seen, tensors;
};

}  // namespace

ts_error *ts_module_submodules(const ts_module *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    *out = write_all([&](Writer &w) {
      auto modules = m->module.named_modules();
      w.list(modules.size());
      for (const auto &named : modules) {
        auto type = named.value.type();
        w.tuple(3);
        w.string(named.name);
        w.string(type->name() ? type->name()->qualifiedName() : "");
        if (type->hasAttribute("training") && named.value.attr("training").isBool()) w.put(TS_TAG_BOOL, 0, named.value.is_training());
        else w.put(TS_TAG_NONE);
      }
    });
  });
}

ts_error *ts_module_tensors(const ts_module *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Tensors tensors;
    tensors.object(m->module._ivalue(), "");
    Constants constants;
    constants.module(m->module);
    *out = write_all([&](Writer &w) {
      w.list(tensors.found.size() + constants.found.size());
      for (const auto *part : {&tensors.found, &constants.found}) {
        for (const Found &f : *part) {
          w.tuple(3);
          w.string(f.name);
          w.put(TS_TAG_INT, 0, f.role);
          w.tensor(f.tensor);
        }
      }
    });
  });
}
