// What a module's methods are made of, as text, and which devices they name.
#include "graph.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/python_print.h>

#include "module.h"

using namespace torchgo;

namespace torchgo {

// plan is the graph that is executed now, "" if none is made yet: libtorch says
// that by an exception.
static std::string plan(torch::jit::GraphFunction &function) {
  try {
    return function.getDebugState().execution_plans.begin()->second.graph->toString();
  } catch (const c10::Error &) {
    return "";
  }
}

Origin::Origin(const torch::jit::Node *n) {
  auto range = n->sourceRange();
  // Of an assignment, the place of what is assigned is known.
  if (!range.source() && n->kind() == c10::prim::SetAttr) range = n->input(1)->node()->sourceRange();
  if (!range.source()) return;  // a node that a pass made
  if (auto original = range.findSourceRangeThatGenerated()) range = *original;
  text = range.source()->get_line(range.source()->lineno_for_offset(range.start())).str();
  text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  if (auto place = range.file_line_col()) {
    file = std::get<0>(*place);
    line = static_cast<int64_t>(std::get<1>(*place));
  }
}

std::shared_ptr<torch::jit::Graph> inlined(torch::jit::Function &f) {
  auto *function = torch::jit::tryToGraphFunction(f);
  if (function == nullptr) return nullptr;
  auto graph = function->graph()->copy();
  torch::jit::Inline(*graph);
  return graph;
}

void each_node(torch::jit::Block *block, const std::function<void(torch::jit::Node *)> &visit) {
  for (auto at = block->nodes().begin(); at != block->nodes().end();) {
    torch::jit::Node *n = *at++;
    for (auto *inner : n->blocks()) each_node(inner, visit);
    if (n->hasAttribute(c10::attr::Subgraph)) each_node(n->g(c10::attr::Subgraph)->block(), visit);
    visit(n);
  }
}

void write_row(Writer &w, const std::string &method, const std::string &subject, const torch::jit::Node *n) {
  Origin origin(n);
  w.tuple(6);
  w.string(method);
  w.string(subject);
  w.string(n->kind().toQualString());
  w.string(origin.file);
  w.put(TS_TAG_INT, 0, origin.line);
  w.string(origin.text);
}

namespace {

// named_device tells which device a node names, "" if none: as an argument, or by what it does.
std::string named_device(const torch::jit::Node *n) {
  if (n->kind() == c10::Symbol::aten("cuda")) return "cuda";
  if (n->kind() == c10::Symbol::aten("cpu")) return "cpu";
  for (const auto *input : n->inputs()) {
    auto v = torch::jit::toIValue(input);
    if (!v) continue;
    if (v->isDevice()) return v->toDevice().str();
    if (!v->isString() || n->kind() != c10::aten::device) continue;
    std::string device = v->toStringRef();
    if (n->inputs().size() < 2) return device;
    auto index = torch::jit::toIValue(n->input(1));
    return index && index->isInt() ? device + ":" + std::to_string(index->toInt()) : device;
  }
  return "";
}

}  // namespace
}  // namespace torchgo

ts_error *ts_module_code(const ts_module *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    std::vector<c10::IValue> constants;
    torch::jit::PrintDepsTable classes;
    auto print = [&](const c10::NamedTypePtr &type) {
      torch::jit::PythonPrint printer(constants, classes);
      printer.printNamedType(type);
      return printer.str();
    };
    std::string code = print(m->module.type());
    // Printing a class adds those that it refers to.
    for (size_t i = 0; i < classes.size(); i++) code += print(c10::NamedTypePtr(classes[i]));
    *out = write_all([&](Writer &w) { w.string(std::move(code)); });
  });
}

ts_error *ts_method_graph(const ts_method *m, int32_t optimized, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "method");
    auto *function = torch::jit::tryToGraphFunction(*m->function);
    *out = write_all([&](Writer &w) {
      if (function == nullptr) w.put(TS_TAG_NONE);
      else w.string(optimized == 0 ? function->graph()->toString() : plan(*function));
    });
  });
}

ts_error *ts_module_device_constants(const ts_module *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    struct Named {
      std::string method, device;
      const torch::jit::Node *node;
    };
    std::vector<Named> found;
    std::vector<std::shared_ptr<torch::jit::Graph>> graphs;  // keep the nodes alive
    for (const auto &method : m->module.get_methods()) {
      auto graph = inlined(method.function());
      if (!graph) continue;
      each_node(graph->block(), [&](torch::jit::Node *n) {
        auto device = named_device(n);
        if (!device.empty()) found.push_back({method.name(), device, n});
      });
      graphs.push_back(std::move(graph));
    }
    *out = write_all([&](Writer &w) {
      w.list(found.size());
      for (const auto &f : found) write_row(w, f.method, f.device, f.node);
    });
  });
}
