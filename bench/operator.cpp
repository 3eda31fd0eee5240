// Measures at::add of two tensors of four elements in C++: in inference mode, by the unboxed function, the result
// dropped. Prints nanoseconds per call, for each line it reads those of a batch of calls.
//
// usage: bench_operator calls
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <iostream>
#include <string>

#include "turns.h"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: bench_operator calls\n";
    return 2;
  }
  const int calls = std::stoi(argv[1]);
  c10::InferenceMode guard;
  at::set_num_threads(1);
  const at::Tensor x = at::ones({4}), y = at::ones({4});
  for (int i = 0; i < 1000; ++i) at::add(x, y);
  each_turn([&] {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) at::add(x, y);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    return took.count() / calls;
  });
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_operator: " << e.what() << "\n";
  return 2;
}
