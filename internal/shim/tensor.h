// Handles of tensors: a ts_tensor is a c10::TensorImpl, so that handing one
// over allocates nothing.
#pragma once

#include <ATen/core/Tensor.h>

#include "guard.h"

namespace torchgo {

using TensorRef = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

// release gives the reference that t holds to the receiver of the handle.
inline ts_tensor *release(at::Tensor t) {
  return reinterpret_cast<ts_tensor *>(t.unsafeReleaseTensorImpl());
}

// borrow gives a tensor for the length of a call, with a reference of its own.
inline at::Tensor borrow(const ts_tensor *t) {
  check_not_null(t, "tensor");
  auto *impl = reinterpret_cast<c10::TensorImpl *>(const_cast<ts_tensor *>(t));
  return at::Tensor(TensorRef::unsafe_reclaim_from_nonowning(impl));
}

// ordinary gives a tensor that autograd takes: an inference tensor's memory in one
// that is none, any other as it is.
at::Tensor ordinary(const at::Tensor &t);

// note_released is the deleter of memory that the caller of the shim lent, and
// takes it back by its token.
void note_released(void *token);

}  // namespace torchgo
