// Handles of modules and methods.
#pragma once

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/api/module.h>

#include <mutex>

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

// frozen_copy gives a copy in evaluation mode with its attributes as constants.
torch::jit::Module frozen_copy(const torch::jit::Module &m, bool optimize);

}  // namespace torchgo
