// Measures torch.allclose of two float32 tensors with small differences. Prints nanoseconds, one line for
// each call.
//
// usage: bench_allclose elements calls
#include <torch/types.h>

#include <chrono>
#include <iostream>
#include <string>

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: bench_allclose elements calls\n";
    return 2;
  }
  c10::InferenceMode guard;
  torch::manual_seed(1);
  const at::Tensor want = torch::randn({std::stoll(argv[1])});
  const at::Tensor got = want * (1 + 1e-6 * (2 * torch::rand_like(want) - 1));
  for (int call = 0; call < std::stoi(argv[2]); ++call) {
    const auto start = std::chrono::steady_clock::now();
    const bool close = at::allclose(got, want);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    if (!close) throw std::runtime_error("the tensors are not close");
    std::cout << took.count() << std::endl;
  }
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_allclose: " << e.what() << "\n";
  return 2;
}
