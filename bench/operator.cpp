// Measures at::add of two tensors of four elements in C++: in inference mode, by the unboxed function, the result
// dropped. Prints nanoseconds per call, one line for each batch of calls.
//
// usage: bench_operator calls batches
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <iostream>
#include <string>

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: bench_operator calls batches\n";
    return 2;
  }
  const int calls = std::stoi(argv[1]), batches = std::stoi(argv[2]);
  c10::InferenceMode guard;
  at::set_num_threads(1);
  const at::Tensor x = at::ones({4}), y = at::ones({4});
  for (int i = 0; i < 1000; ++i) at::add(x, y);
  for (int batch = 0; batch < batches; ++batch) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) at::add(x, y);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    std::cout << took.count() / calls << std::endl;
  }
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_operator: " << e.what() << "\n";
  return 2;
}
