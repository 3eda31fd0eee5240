// Settings that libtorch keeps for the whole process.
#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "guard.h"

using namespace torchgo;

namespace {

[[noreturn]] void unknown_setting(int32_t setting) {
  throw Refusal(TS_CODE_ARGUMENT, "unknown setting " + std::to_string(setting));
}

}  // namespace

ts_error *ts_setting_read(int32_t setting, int64_t *out) noexcept {
  return guard([&] {
    auto &context = at::globalContext();
    switch (setting) {
      case TS_SETTING_TF32: *out = context.allowTF32CuBLAS() || context.allowTF32CuDNN(); return;
      case TS_SETTING_DETERMINISTIC: *out = context.deterministicAlgorithms(); return;
      case TS_SETTING_INTER_OP: *out = at::get_num_interop_threads(); return;
    }
    unknown_setting(setting);
  });
}

ts_error *ts_setting_write(int32_t setting, int64_t value) noexcept {
  return guard([&] {
    auto &context = at::globalContext();
    const bool on = value != 0;
    switch (setting) {
      case TS_SETTING_TF32:
        context.setAllowTF32CuBLAS(on);
        context.setAllowTF32CuDNN(on);
        return;
      case TS_SETTING_DETERMINISTIC:
        context.setDeterministicAlgorithms(on, /*warn_only=*/false);
        context.setDeterministicCuDNN(on);
        // Its measurements choose among algorithms anew in each process.
        if (on) context.setBenchmarkCuDNN(false);
        return;
      case TS_SETTING_INTER_OP:
        if (value < 1 || value > 1 << 15) throw Refusal(TS_CODE_VALUE, "the number of inter-op threads must be between 1 and 32768, not " + std::to_string(value));
        at::set_num_interop_threads(static_cast<int>(value));
        return;
    }
    unknown_setting(setting);
  });
}
