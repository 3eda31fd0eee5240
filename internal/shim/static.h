// Forwards that are planned before they are called.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "guard.h"

struct ts_static {
  explicit ts_static(const torch::jit::Module &frozen) : schema(frozen.get_method("forward").function().getSchema()) {}
  virtual ~ts_static() = default;

  // run calls forward with the arguments of the schema, without self.
  virtual c10::IValue run(c10::Stack arguments) = 0;

  const c10::FunctionSchema schema;
};

namespace torchgo {

// Shelf keeps what serves one call at a time and is worth keeping for the next. Calls take one that is idle, or
// make one.
template <class T>
class Shelf {
 public:
  template <class Make>
  std::unique_ptr<T> take(const Make &make) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        auto one = std::move(idle.back());
        idle.pop_back();
        return one;
      }
    }
    return make();
  }

  void give(std::unique_ptr<T> one) {
    std::lock_guard<std::mutex> lock(mutex);
    idle.push_back(std::move(one));
  }

 private:
  std::mutex mutex;
  std::vector<std::unique_ptr<T>> idle;
};

// straight plans a frozen forward as a list of kernels; it throws a Refusal when there is no such list.
std::unique_ptr<ts_static> straight(const torch::jit::Module &frozen);

}  // namespace torchgo
