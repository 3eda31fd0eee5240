// Which of a module's attributes its methods write.
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/constant_propagation.h>

#include <map>
#include <set>

#include "graph.h"
#include "module.h"

using namespace torchgo;

namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

// Selves follows self and the objects below it through a graph.
class Selves {
 public:
  Selves(Graph &graph, const ObjectRef &self) { objects[graph.inputs().at(0)] = {self, ""}; }

  // path gives the attribute that a GetAttr or SetAttr is about, "" for one of
  // another object; of a GetAttr, also the value that it has now.
  std::string path(const Node *n, c10::IValue *now = nullptr) {
    auto found = objects.find(n->input(0));
    if (found == objects.end()) return "";
    const auto &[object, prefix] = found->second;
    const std::string name = n->s(c10::attr::name);
    c10::IValue slot = object->getAttr(name);
    if (n->kind() == c10::prim::GetAttr && slot.isObject()) objects[n->output()] = {slot.toObject(), prefix + name + "."};
    if (now != nullptr) *now = slot;
    return prefix + name;
  }

 private:
  std::map<const Value *, std::pair<ObjectRef, std::string>> objects;
};

// assigned collects the attributes that a graph assigns anew.
void assigned(Graph &graph, const ObjectRef &self, std::set<std::string> &names) {
  Selves selves(graph, self);
  each_node(graph.block(), [&](Node *n) {
    if (n->kind() != c10::prim::GetAttr && n->kind() != c10::prim::SetAttr) return;
    auto name = selves.path(n);
    if (n->kind() == c10::prim::SetAttr) names.insert(name);
  });
}

// settle puts in the flags and numbers that attributes hold and nobody assigns,
// so that what is only done in training mode falls out of the graph.
void settle(std::shared_ptr<Graph> &graph, const ObjectRef &self, const std::set<std::string> &assigned) {
  Selves selves(*graph, self);
  each_node(graph->block(), [&](Node *n) {
    if (n->kind() != c10::prim::GetAttr) return;
    c10::IValue now;
    auto name = selves.path(n, &now);
    if (name.empty() || assigned.count(name) != 0 || !(now.isBool() || now.isInt() || now.isDouble() || now.isNone())) return;
    torch::jit::WithInsertPoint here(n);
    n->output()->replaceAllUsesWith(n->owningGraph()->insertConstant(now));
  });
  torch::jit::ConstantPropagationImmutableTypes(graph);
}

// writes tells whether a node may write to one of its inputs.
bool writes(const Node *n) {
  if (!n->blocks().empty()) return false;  // what is in them is visited too
  const auto *schema = n->maybeSchema();
  return schema == nullptr ? n->kind() != c10::prim::Constant && n->kind() != c10::prim::GetAttr : schema->is_mutable();
}

// Running statistics are written by operators whose schema does not say so.
bool writes_statistics(const Node *n, const Value *to) {
  const auto *schema = n->maybeSchema();
  if (schema == nullptr) return false;
  bool takes = false, training = false;
  for (size_t i = 0; i < n->inputs().size() && i < schema->arguments().size(); i++) {
    const auto &name = schema->arguments()[i].name();
    takes |= n->input(i) == to && (name == "running_mean" || name == "running_var");
    if (name == "training" || name == "use_input_stats") {
      auto v = torch::jit::toIValue(n->input(i));
      training = !v || !v->isBool() || v->toBool();
    }
  }
  return takes && training;
}

struct Mutation {
  std::string method, attribute;
  const Node *node;
};

// mutations finds what one method writes.
void mutations(const std::string &method, const std::shared_ptr<Graph> &graph, const ObjectRef &self, std::vector<Mutation> &found) {
  Selves selves(*graph, self);
  std::set<std::string> named;
  auto add = [&](const std::string &attribute, const Node *n) {
    if (named.insert(attribute).second) found.push_back({method, attribute, n});
  };
  std::vector<std::pair<std::string, Value *>> attributes;
  std::vector<Node *> writers;
  each_node(graph->block(), [&](Node *n) {
    if (n->kind() == c10::prim::SetAttr) {
      auto name = selves.path(n);
      if (!name.empty()) add(name, n);
    } else if (n->kind() == c10::prim::GetAttr) {
      c10::IValue now;
      auto name = selves.path(n, &now);
      if (!name.empty() && (now.isTensor() || now.isList() || now.isGenericDict())) attributes.emplace_back(name, n->output());
    } else if (writes(n)) {
      writers.push_back(n);
    }
  });
  // Frozen: each attribute is taken as an object of its own, not as one that any other may alias.
  torch::jit::AliasDb aliases(graph, /*isFrozen=*/true);
  for (const auto &[name, value] : attributes) {
    for (Node *n : writers) {
      if (aliases.writesToAlias(n, {value})) add(name, n);
    }
    for (const auto &use : value->uses()) {
      if (writes_statistics(use.user, value)) add(name, use.user);
    }
  }
}

}  // namespace

ts_error *ts_module_mutations(const ts_module *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    auto self = m->module._ivalue();
    std::vector<std::pair<std::string, std::shared_ptr<Graph>>> graphs;
    std::set<std::string> names;
    for (const auto &method : m->module.get_methods()) {
      auto graph = inlined(method.function());
      if (!graph) continue;
      assigned(*graph, self, names);
      graphs.emplace_back(method.name(), std::move(graph));
    }
    std::vector<Mutation> found;
    for (auto &[method, graph] : graphs) {
      settle(graph, self, names);
      mutations(method, graph, self, found);
    }
    *out = write_all([&](Writer &w) {
      w.list(found.size());
      for (const auto &f : found) write_row(w, f.method, f.attribute, f.node);
    });
  });
}
