// Writes the models that are measured, and an input for each, to a folder: NAME.pt and NAME.npy; of a large one the
// state too, NAME_state.pt.
//
// usage: bench_models folder
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickler.h>
#include <torch/script.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <string>

#include "npy.h"

namespace {

// perceptron is layers × (Linear(width, width), ReLU).
torch::jit::Module perceptron(const std::string& path, int64_t width, int layers, int64_t batch) {
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
  return module;
}

// save_state writes the parameters as torch.save writes a dict of tensors.
void save_state(const torch::jit::Module& module, const std::string& path) {
  c10::Dict<std::string, at::Tensor> state;
  for (const auto& parameter : module.named_parameters()) state.insert(parameter.name, parameter.value);
  std::string pickled;
  torch::jit::Pickler pickler([&](const char* data, size_t n) { pickled.append(data, n); }, nullptr, nullptr, nullptr, nullptr, false);
  pickler.protocol();
  pickler.pushIValue(state);
  pickler.stop();
  caffe2::serialize::PyTorchStreamWriter writer(path);
  writer.writeRecord("data.pkl", pickled.data(), pickled.size());
  size_t key = 0;
  for (const at::Tensor& t : pickler.tensorData()) writer.writeRecord("data/" + std::to_string(key++), t.data_ptr(), t.nbytes());
  writer.writeEndOfFile();
}

// large is a model of 1 GB with its state, which stay from one time to the next.
void large(const std::string& path) {
  if (std::ifstream(path + "_state.pt").good()) return;
  save_state(perceptron(path, 3952, 16, 1), path + "_state.pt");
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
  large(folder + "/large");
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_models: " << e.what() << "\n";
  return 2;
}
