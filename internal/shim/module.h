// Handles of modules and methods.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "device.h"
#include "guard.h"

struct ts_module {
  torch::jit::Module module;
};

struct ts_method {
  torch::jit::Module module;  // keeps the function's owner alive
  torch::jit::Function *function;
  std::optional<c10::Device> device;  // of the module's tensors, when it is a CUDA device
};
