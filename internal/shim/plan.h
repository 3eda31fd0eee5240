// Execution plans of methods.
#pragma once

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <atomic>
#include <mutex>

namespace torchgo {

// Plan runs a function, and keeps the plan that its executor has settled on. From
// then on calls go to the interpreter without the executor's locks, counters and
// look-ups, which cost a sixth of a small forward, and which threads contend for.
class Plan {
 public:
  void run(torch::jit::Function &function, c10::Stack &stack) {
    if (settled.load(std::memory_order_acquire)) {
      torch::jit::InterpreterState(code).run(stack);
      return;
    }
    function.run(stack);
    if (calls.fetch_add(1, std::memory_order_relaxed) + 1 >= enough) settle(function, stack);
  }

 private:
  // The first call to end makes the next one compile, under the executor's lock.
  // After so many, that was before: what is read now does not change any more.
  static constexpr int enough = 16;

  void settle(torch::jit::Function &function, c10::Stack &stack) {
    std::lock_guard<std::mutex> lock(mutex);
    if (settled.load(std::memory_order_relaxed)) return;
    auto *graph = torch::jit::tryToGraphFunction(function);
    if (graph == nullptr) return;
    auto &executor = graph->get_executor();
    const auto &plan = executor.getPlanFor(stack);
    if (!executor.isOptimized()) return;
    code = plan.code;
    settled.store(true, std::memory_order_release);
  }

  std::atomic<int> calls{0};
  std::atomic<bool> settled{false};
  std::mutex mutex;
  torch::jit::Code code;
};

}  // namespace torchgo
