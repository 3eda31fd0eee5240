// How graphs are executed.
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/api/module.h>

#include "module.h"
#include "state.h"

using namespace torchgo;

namespace torchgo {

std::mutex executor_settings;

namespace {

// FusionSetting is libtorch's global strategy changed for a while.
class FusionSetting {
 public:
  explicit FusionSetting(torch::jit::FusionStrategy strategy) : before(torch::jit::setFusionStrategy(strategy)) {}
  ~FusionSetting() { torch::jit::setFusionStrategy(before); }

 private:
  torch::jit::FusionStrategy before;
};

void make_executors(const torch::jit::Module &m, bool simple) {
  for (const auto &method : m.get_methods()) {
    auto *function = torch::jit::tryToGraphFunction(method.function());
    if (function == nullptr) continue;
    if (simple) function->_set_initial_executor_execution_mode(torch::jit::SIMPLE);
    function->get_executor();
  }
  for (const auto &child : m.children()) make_executors(child, simple);
}

}  // namespace
}  // namespace torchgo

ts_error *ts_module_executor(ts_module *m, int32_t simple, const int64_t *fusion, int32_t n) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    std::lock_guard<std::mutex> lock(executor_settings);
    auto strategy = torch::jit::getFusionStrategy();
    if (n >= 0) strategy.clear();
    for (int32_t i = 0; i < n; i++) {
      auto behavior = fusion[2 * i] == 0 ? torch::jit::FusionBehavior::STATIC : torch::jit::FusionBehavior::DYNAMIC;
      strategy.emplace_back(behavior, static_cast<size_t>(fusion[2 * i + 1]));
    }
    FusionSetting setting(std::move(strategy));
    make_executors(m->module, simple != 0);
  });
}
