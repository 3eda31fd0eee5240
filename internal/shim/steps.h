// A method as a sequence of steps that can be looked at while it runs.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph.h"
#include "object.h"

namespace torchgo {

// Observer is shown the values of a step while a graph runs.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void show(int64_t step, std::vector<c10::IValue> values) = 0;
};

// Step is an operator, what a call of a submodule gave, or a choice that the data decide.
struct Step {
  std::string module;  // qualified name of the submodule that it belongs to
  std::string kind;    // "aten::linear", "prim::CallMethod", "prim::If"
  Origin origin;
  std::vector<std::pair<std::string, c10::IValue>> constants;  // arguments that are the same in every call
};

// Steps is a copy of a method's graph, with what it calls inlined, in which nodes
// of our own show an observer what each step gave; without an observer there are none. They change nothing that
// is computed.
class Steps {
 public:
  // The observer must outlive what runs the graph.
  Steps(torch::jit::Function &f, const ObjectRef &self, Observer *observer);

  std::vector<Step> all;
  std::shared_ptr<torch::jit::Graph> graph;

 private:
  using Node = torch::jit::Node;
  using Value = torch::jit::Value;

  void walk(Node *from, Node *until, const std::string &module);
  void call(Node *n, const std::string &module);
  void attribute(const Node *n);
  void add(Step step, const Node *n, const std::vector<Value *> &shown, Node *before);
  bool depends_on_data(const Value *v);
  std::optional<c10::IValue> constant(const Value *v) const;
  void take_constants();

  Observer *observer;
  std::map<const Value *, std::pair<ObjectRef, std::string>> objects;  // modules, with their names and a dot
  std::map<const Value *, std::pair<std::string, c10::IValue>> plain;  // their other attributes
  std::map<const Value *, bool> data;
  std::set<std::string> assigned;   // attributes that the method assigns
  std::vector<const Node *> nodes;  // of each step; NULL of a call that was inlined
};

}  // namespace torchgo
