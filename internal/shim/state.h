// The thread-local state of libtorch that a call runs under.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/AutogradState.h>
#include <c10/core/InferenceMode.h>
#include <ATen/core/grad_mode.h>

#include <atomic>

#include "zts_table.h"

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

// Calling is for operators and methods.
class Calling {
 public:
  // InferenceMode(false) is the ordinary mode with gradients on, whatever the
  // thread was left in.
  explicit Calling(uint32_t flags) : inference((flags & TS_CALL_GRAD) == 0) { apply_width(); }

 private:
  c10::InferenceMode inference;
};

}  // namespace torchgo
