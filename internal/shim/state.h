// The thread-local state of libtorch that a call runs under.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/core/AutogradState.h>
#include <c10/core/InferenceMode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/TensorImpl.h>

#include <atomic>
#include <optional>

#include "guard.h"

namespace torchgo {

// intra_op is the number of intra-op threads of every call. One, unless somebody
// asks for more: libgomp keeps a pool of threads for every OS thread that enters
// a parallel region, and Go moves calls over OS threads.
extern std::atomic<int> intra_op;

// apply_width gives the calling thread the width asked for. at::set_num_threads
// acts on its caller and on threads that OpenMP has not seen yet; the others
// keep what they had, and Go moves calls over threads.
inline void apply_width() {
  static thread_local int applied = 0;
  int want = intra_op.load(std::memory_order_relaxed);
  if (want != applied) {
    // Otherwise the first parallel region of the thread would take up what any other thread set last. The flag that
    // it does so once is libtorch's: what is inline in its headers has one of its own here.
    if (applied == 0) static_cast<void>(at::get_num_threads());
    at::set_num_threads(want);
    applied = want;
  }
}

// Quiet is for work on tensors that is not part of a computation: nothing is
// recorded, and the tensors made are ordinary ones that can be trained later.
class Quiet {
 public:
  Quiet() { apply_width(); }

 private:
  at::NoGradGuard no_grad;
};

// Calling is for methods. It is c10::InferenceMode, without its calls for each of the things that it
// reads, sets and puts back: they take a twentieth of the smallest forward.
class Calling {
 public:
  // TS_CALL_GRAD is the ordinary mode with gradients on, whatever the thread was left in.
  explicit Calling(uint32_t flags)
      : autograd(c10::AutogradState::get_tls_state()), keys(c10::impl::raw_local_dispatch_key_set), autograd_before(autograd), keys_before(keys) {
    constexpr c10::DispatchKeySet views(c10::DispatchKey::ADInplaceOrView);
    const bool inference = (flags & TS_CALL_GRAD) == 0;
    autograd = c10::AutogradState(!inference, inference, !inference, !inference);
    keys.set_included(inference ? keys.included() - views : keys.included() | views);
    keys.set_excluded(inference ? keys.excluded() | c10::autograd_dispatch_keyset : keys.excluded() - c10::autograd_dispatch_keyset);
    apply_width();
  }
  ~Calling() {
    autograd = autograd_before;
    keys = keys_before;
  }
  Calling(const Calling &) = delete;
  Calling &operator=(const Calling &) = delete;

 private:
  // Of this thread, which a call does not leave.
  c10::AutogradState &autograd;
  c10::impl::PODLocalDispatchKeySet &keys;
  const c10::AutogradState autograd_before;
  const c10::impl::PODLocalDispatchKeySet keys_before;
};

// Autocasting lets operators that gain by it compute in a narrower dtype, as
// torch.autocast does. What they cast is not kept for the next call.
class Autocasting {
 public:
  explicit Autocasting(uint32_t flags)
      : device((flags & TS_CALL_AUTOCAST_CUDA) != 0 ? at::kCUDA : at::kCPU),
        dtype(at::autocast::get_autocast_dtype(device)),
        cached(at::autocast::is_autocast_cache_enabled()),
        enabled(at::autocast::is_autocast_enabled(device)) {
    const auto narrow = static_cast<at::ScalarType>(flags / TS_CALL_AUTOCAST_DTYPE);
    if (narrow != at::kHalf && narrow != at::kBFloat16) throw Refusal(TS_CODE_ARGUMENT, "a scope can cast to float16 and bfloat16 only");
    at::autocast::set_autocast_enabled(device, true);
    at::autocast::set_autocast_dtype(device, narrow);
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~Autocasting() {
    at::autocast::set_autocast_enabled(device, enabled);
    at::autocast::set_autocast_dtype(device, dtype);
    at::autocast::set_autocast_cache_enabled(cached);
  }
  Autocasting(const Autocasting &) = delete;
  Autocasting &operator=(const Autocasting &) = delete;

 private:
  const at::DeviceType device;
  const at::ScalarType dtype;
  const bool cached, enabled;
};

// Operating is for operators. What is recorded follows the arguments, since Go has
// no state that goes with a goroutine: a call is recorded when one of them requires
// grad. Others run below autograd, which costs no more than inference mode and
// gives tensors that a recorded call can take later.
class Operating {
 public:
  // writes: the operator writes to arguments.
  Operating(const ts_value *in, size_t n, uint32_t flags, bool writes) {
    apply_width();
    if ((flags & (TS_CALL_AUTOCAST | TS_CALL_AUTOCAST_CUDA)) != 0) autocasting.emplace(flags);
    bool grad = false;
    for (const ts_value *v = in; v != in + n; v++) {
      if (v->tag != TS_TAG_TENSOR || v->p == nullptr) continue;
      auto *t = static_cast<c10::TensorImpl *>(v->p);
      grad |= t->requires_grad();
      foreign |= t->is_inference();
    }
    if (grad && (flags & TS_CALL_NO_GRAD) == 0) {
      recording.emplace(true);
    } else if (foreign && writes) {
      inference.emplace();  // nowhere else may such a tensor be written
    } else {
      if (grad) recording.emplace(false);
      below.emplace();
    }
  }

  // adapts: inference tensors are among the arguments of a call that is recorded,
  // which autograd refuses.
  bool adapts() const { return foreign && !below && !inference; }

 private:
  bool foreign = false;
  std::optional<Autocasting> autocasting;
  std::optional<at::AutoGradMode> recording;
  std::optional<at::AutoDispatchBelowAutograd> below;
  std::optional<c10::InferenceMode> inference;
};

}  // namespace torchgo
