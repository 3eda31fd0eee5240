// The generators of random numbers.
#include <ATen/ATen.h>
#include <ATen/Context.h>

#include "device.h"
#include "state.h"
#include "tensor.h"

using namespace torchgo;

namespace {

at::Generator generator(int32_t device_type, int32_t device_index) {
  return at::globalContext().defaultGenerator(device(device_type, device_index));
}

}  // namespace

ts_error *ts_random_seed(uint64_t seed) noexcept {
  return guard([&] { at::manual_seed(seed); });
}

ts_error *ts_random_state(int32_t device_type, int32_t device_index, ts_tensor **out) noexcept {
  return guard([&] {
    Quiet quiet;
    at::Generator g = generator(device_type, device_index);
    std::lock_guard<std::mutex> lock(g.mutex());
    *out = release(g.get_state());
  });
}

ts_error *ts_random_restore(int32_t device_type, int32_t device_index, const ts_tensor *state) noexcept {
  return guard([&] {
    Quiet quiet;
    at::Tensor bytes = borrow(state);
    at::Generator g = generator(device_type, device_index);
    std::lock_guard<std::mutex> lock(g.mutex());
    g.set_state(bytes);
  });
}
