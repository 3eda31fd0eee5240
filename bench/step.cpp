// Measures one training step of the model of scenario 1 with the C++ frontend: forward, cross entropy, backward and
// Adam, on one thread. Prints nanoseconds per step, for each line it reads those of a batch of steps.
//
// usage: bench_step steps
#include <torch/torch.h>

#include <chrono>
#include <iostream>
#include <string>

#include "turns.h"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: bench_step steps\n";
    return 2;
  }
  const int steps = std::stoi(argv[1]);
  at::set_num_threads(1);
  torch::manual_seed(0);
  torch::nn::Sequential model(torch::nn::Linear(4, 8), torch::nn::ReLU(), torch::nn::Linear(8, 2));
  torch::optim::Adam optimizer(model->parameters(), torch::optim::AdamOptions(1e-3));
  torch::nn::CrossEntropyLoss criterion;
  const at::Tensor x = torch::randn({10, 4}), y = torch::randint(0, 2, {10});
  const auto step = [&] {
    optimizer.zero_grad();
    criterion(model->forward(x), y).backward();
    optimizer.step();
  };
  for (int i = 0; i < 200; ++i) step();
  each_turn([&] {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < steps; ++i) step();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    return took.count() / steps;
  });
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_step: " << e.what() << "\n";
  return 2;
}
