// Writes the models that are measured, and an input for each, to a folder: NAME.pt and NAME.npy.
//
// usage: bench_models folder
#include <torch/script.h>

#include <cmath>
#include <iostream>
#include <string>

#include "npy.h"

namespace {

// perceptron is layers × (Linear(width, width), ReLU).
void perceptron(const std::string& path, int64_t width, int layers, int64_t batch) {
  torch::jit::Module module("Perceptron");
  std::string source = "def forward(self, x):\n";
  for (int i = 0; i < layers; ++i) {
    const std::string weight = "weight" + std::to_string(i), bias = "bias" + std::to_string(i);
    module.register_parameter(weight, at::randn({width, width}) / std::sqrt(double(width)), false);
    module.register_parameter(bias, at::randn({width}), false);
    source += "    x = torch.relu(torch.linear(x, self." + weight + ", self." + bias + "))\n";
  }
  module.define(source + "    return x\n");
  module.eval();
  module.save(path + ".pt");
  write_npy(path + ".npy", at::randn({batch, width}));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: bench_models folder\n";
    return 2;
  }
  at::manual_seed(1);
  const std::string folder = argv[1];
  perceptron(folder + "/mlp64", 64, 4, 1);
  perceptron(folder + "/mlp512", 512, 4, 16);
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_models: " << e.what() << "\n";
  return 2;
}
