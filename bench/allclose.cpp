// Measures torch.allclose of two float32 tensors with small differences. Prints the nanoseconds of a call
// for each line it reads.
//
// usage: bench_allclose elements
#include <torch/types.h>

#include <chrono>
#include <iostream>
#include <string>

#include "turns.h"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: bench_allclose elements\n";
    return 2;
  }
  c10::InferenceMode guard;
  torch::manual_seed(1);
  const at::Tensor want = torch::randn({std::stoll(argv[1])});
  const at::Tensor got = want * (1 + 1e-6 * (2 * torch::rand_like(want) - 1));
  each_turn([&] {
    const auto start = std::chrono::steady_clock::now();
    const bool close = at::allclose(got, want);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    if (!close) throw std::runtime_error("the tensors are not close");
    return took.count();
  });
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_allclose: " << e.what() << "\n";
  return 2;
}
