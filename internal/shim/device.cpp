#include "device.h"

#include <ATen/ATen.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <signal.h>

#include <atomic>
#include <mutex>
#include <vector>

#include <c10/core/Event.h>

namespace torchgo {
namespace {

// KeptSignals puts back the handlers of the signals that Go relies on, which a
// driver may replace while it starts.
class KeptSignals {
 public:
  KeptSignals() {
    for (size_t i = 0; i < count; i++) sigaction(signals[i], nullptr, &actions[i]);
  }
  ~KeptSignals() {
    for (size_t i = 0; i < count; i++) sigaction(signals[i], &actions[i], nullptr);
  }

 private:
  static constexpr int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGTRAP, SIGURG, SIGPROF, SIGINT, SIGTERM};
  static constexpr size_t count = sizeof(signals) / sizeof(signals[0]);
  struct sigaction actions[count];
};

struct Cuda {
  int32_t count = 0;
  std::string missing;
};

Cuda start_cuda() {
  KeptSignals kept;
  Cuda cuda;
  // Nothing in the shim refers to libtorch_cuda.so, so that it also runs where
  // that library is not; its static initialisers register the CUDA backend.
  if (dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_GLOBAL) == nullptr) {
    cuda.missing = std::string("this libtorch has no CUDA libraries: ") + dlerror();
    return cuda;
  }
  try {
    c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
    cuda.count = guard.deviceCount();
    if (cuda.count == 0) cuda.missing = "the CUDA libraries are there, but they see no GPU: is the driver installed, is CUDA_VISIBLE_DEVICES right?";
    else at::empty({1}, at::TensorOptions().device(at::kCUDA));
  } catch (const c10::Error &e) {
    cuda.count = 0;
    cuda.missing = e.what_without_backtrace();
  }
  return cuda;
}

// started tells whether CUDA is in use; fault is what it failed with, for good.
std::atomic<bool> started{false};
std::atomic<const std::string *> fault{nullptr};

const Cuda &cuda() {
  static const Cuda *found = [] {
    auto *made = new Cuda(start_cuda());
    started.store(made->count > 0);
    return made;
  }();
  return *found;
}

void check_healthy() {
  const std::string *broken = fault.load();
  if (broken == nullptr) return;
  throw Refusal(TS_CODE_FAULT, "a CUDA device failed before, and no call can use CUDA in this process any more: " + *broken);
}

c10::Stream lane_of(c10::Device device) {
  static thread_local std::vector<std::optional<c10::Stream>> lanes;
  size_t i = static_cast<size_t>(device.index());
  if (i >= lanes.size()) lanes.resize(i + 1);
  if (!lanes[i]) lanes[i] = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
  return *lanes[i];
}

}  // namespace

bool cuda_in_use() { return started.load(std::memory_order_relaxed); }

std::optional<c10::Device> on_cuda(const std::vector<c10::IValue> &values) {
  if (!cuda_in_use()) return {};
  for (const auto &v : values) {
    if (v.isTensor() && v.toTensor().defined() && v.toTensor().is_cuda()) return v.toTensor().device();
    if (v.isDevice() && v.toDevice().is_cuda()) return c10::Device(c10::kCUDA, v.toDevice().has_index() ? v.toDevice().index() : 0);
    if (!v.isList() || v.toListRef().empty()) continue;
    const auto &first = v.toListRef().front();
    if (first.isTensor() && first.toTensor().is_cuda()) return first.toTensor().device();
  }
  return {};
}

Lane::Lane(const std::optional<c10::Device> &device, uint32_t flags) {
  if (!device) return;
  check_healthy();
  if ((flags & TS_CALL_ASYNC) != 0) return;
  c10::impl::VirtualGuardImpl impl(device->type());
  c10::Stream lane = lane_of(*device), before = impl.getDefaultStream(*device);
  c10::Event given(device->type());
  given.record(before);
  given.block(lane);
  guard.emplace(lane);
}

void Lane::settle() {
  if (!guard) return;
  c10::Stream lane = guard->current_stream();
  c10::impl::VirtualGuardImpl(lane.device_type()).synchronizeStream(lane);
}

bool note_fault(const std::string &message) noexcept {
  if (!cuda_in_use()) return false;
  if (fault.load() != nullptr) return true;
  try {
    at::detail::getCUDAHooks().deviceSynchronize(c10::impl::VirtualGuardImpl(c10::kCUDA).getDevice().index());
    return false;
  } catch (...) {
    try {
      fault.store(new std::string(message));
    } catch (...) {
    }
    return true;
  }
}

c10::Device device(int32_t type, int32_t index) {
  switch (type) {
    case TS_DEVICE_CPU:
      if (index > 0) throw Refusal(TS_CODE_DEVICE, "there is no device cpu:" + std::to_string(index));
      return c10::Device(c10::kCPU);
    case TS_DEVICE_CUDA: {
      const Cuda &found = cuda();
      check_healthy();
      if (found.count == 0) throw Refusal(TS_CODE_DEVICE, "no CUDA device: " + found.missing);
      if (index < 0) index = 0;
      if (index >= found.count) {
        throw Refusal(TS_CODE_DEVICE, "there is no device cuda:" + std::to_string(index) + ": this machine has " + std::to_string(found.count));
      }
      return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
    }
  }
  throw Refusal(TS_CODE_DEVICE, "unknown device type " + std::to_string(type));
}

}  // namespace torchgo

using namespace torchgo;

ts_error *ts_device_read(int32_t type, ts_device_info *out) noexcept {
  return guard([&] {
    if (type == TS_DEVICE_CPU) {
      *out = {1, ""};
      return;
    }
    if (type != TS_DEVICE_CUDA) throw Refusal(TS_CODE_DEVICE, "unknown device type " + std::to_string(type));
    const Cuda &found = cuda();
    *out = {found.count, found.missing.c_str()};
  });
}

ts_error *ts_device_synchronize(int32_t type, int32_t index) noexcept {
  return guard([&] {
    c10::Device d = device(type, index);
    // Through the hooks, since the device guard of libtorch 2.4 cannot do it.
    if (d.is_cuda()) at::detail::getCUDAHooks().deviceSynchronize(d.index());
  });
}

ts_error *ts_device_health(int32_t type) noexcept {
  return guard([&] {
    if (type == TS_DEVICE_CUDA) check_healthy();
  });
}
