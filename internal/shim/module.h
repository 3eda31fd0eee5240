// Handles of modules and methods.
#pragma once

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <mutex>
#include <optional>

#include "device.h"
#include "guard.h"
#include "plan.h"

struct ts_module {
  torch::jit::Module module;
  torch::jit::ExtraFilesMap extra;  // the files that are saved with it
};

struct ts_method {
  ts_method(torch::jit::Module module, torch::jit::Function &function, std::optional<c10::Device> device)
      : module(std::move(module)), function(&function), device(device) {}

  torch::jit::Module module;  // keeps the function's owner alive
  torch::jit::Function *function;
  std::optional<c10::Device> device;  // of the module's tensors, when it is a CUDA device
  mutable torchgo::Plan plan;
};

namespace torchgo {

// executor_settings is held while graph executors come into being: libtorch
// reads their settings from global variables then, and only then.
extern std::mutex executor_settings;

// prepare looks at an archive before it is loaded: it refuses source that is nested too
// deep, and lists the extra files, with nothing in them.
torch::jit::ExtraFilesMap prepare(caffe2::serialize::PyTorchStreamReader &archive);

// Optimizing runs a method with the executor's optimisations, or without. Setting the
// flag costs as much as a small operator, so it is left alone when it is right.
class Optimizing {
 public:
  explicit Optimizing(uint32_t flags) : on((flags & TS_CALL_NO_OPTIMIZE) == 0) {
    if (torch::jit::getGraphExecutorOptimize() != on) changed.emplace(on);
  }

  const bool on;

 private:
  std::optional<torch::jit::GraphOptimizerEnabledGuard> changed;
};

// frozen_copy gives a copy in evaluation mode with its attributes as constants.
torch::jit::Module frozen_copy(const torch::jit::Module &m, bool optimize);

}  // namespace torchgo
