// Devices: the CPU, and CUDA where its libraries and a GPU are there.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <c10/core/Device.h>
#include <c10/core/StreamGuard.h>

#include <optional>
#include <vector>

#include "guard.h"

namespace torchgo {

// device checks that the device is there, loading the CUDA libraries if it has
// to; it throws a Refusal that says what is missing.
c10::Device device(int32_t type, int32_t index);

// cuda_in_use tells whether CUDA was started and found a device.
bool cuda_in_use();

// on_cuda gives the CUDA device of the first tensor there, none if there is none.
std::optional<c10::Device> on_cuda(const std::vector<c10::IValue> &values);

inline std::optional<c10::Device> on_cuda(const at::Tensor &t) {
  return t.is_cuda() ? std::optional(t.device()) : std::nullopt;
}

// Lane is the CUDA stream that a call runs on. Each thread has one of its own, so
// that calls of several threads overlap; it begins after what was given to the
// default stream, and the call ends when the lane is empty: so that its results
// can be used from any thread and stream, and its errors are its own.
class Lane {
 public:
  // Without a device, or with TS_CALL_ASYNC, the call runs on the default stream
  // and does not wait.
  Lane(const std::optional<c10::Device> &device, uint32_t flags);

  // stream gives the stream, none where the call has none of its own.
  std::optional<c10::Stream> stream() const { return guard ? std::optional(guard->current_stream()) : std::nullopt; }

  // settle waits until the work is done, and throws what went wrong with it.
  void settle();

 private:
  std::optional<c10::StreamGuard> guard;
};

// note_fault finds out whether an error that was caught has left a CUDA device
// unusable, which every later use of it would find out anew.
bool note_fault(const std::string &message) noexcept;

}  // namespace torchgo
