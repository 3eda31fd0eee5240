// Measures one forward of a scripted module in C++, as a careful program calls it: in inference mode, by a
// cached method, on one thread, the result dropped. Prints nanoseconds per call, for each
// line it reads those of a batch of calls.
//
// usage: bench_forward model_scripted.pt x.npy calls
#include <ATen/Parallel.h>
#include <torch/script.h>

#include <chrono>
#include <iostream>
#include <string>

#include "npy.h"
#include "turns.h"

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: bench_forward model_scripted.pt x.npy calls\n";
    return 2;
  }
  const int calls = std::stoi(argv[3]);
  at::set_num_threads(1);
  c10::InferenceMode guard;
  torch::jit::Module module = torch::jit::load(argv[1], at::kCPU);
  module.eval();
  const torch::jit::Method forward = module.get_method("forward");
  const at::Tensor x = read_npy(argv[2]);
  for (int i = 0; i < 1000; ++i) forward({x});
  each_turn([&] {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) forward({x});
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    return took.count() / calls;
  });
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_forward: " << e.what() << "\n";
  return 2;
}
