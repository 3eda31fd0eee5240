#include "tensor.h"

#include <ATen/ATen.h>

#include <cstring>
#include <mutex>
#include <vector>

#include "device.h"
#include "state.h"

namespace torchgo {
namespace {

// The tokens of mapped memory that no tensor uses any more. Deleters run on any
// thread, also below a call from Go, so they only leave a note here. Leaked on
// purpose: tensors may die while the process ends.
struct Released {
  std::mutex mutex;
  std::vector<uint64_t> tokens;
};

Released &released() {
  static auto *r = new Released;
  return *r;
}

at::ScalarType scalar_type(int32_t dtype) {
  if (dtype < 0 || dtype >= static_cast<int32_t>(at::ScalarType::NumOptions) ||
      dtype == static_cast<int32_t>(at::ScalarType::Undefined)) {
    throw Refusal(TS_CODE_TYPE, "this libtorch has no dtype number " + std::to_string(dtype));
  }
  return static_cast<at::ScalarType>(dtype);
}

at::IntArrayRef shape_of(const int64_t *shape, size_t ndim) {
  for (size_t i = 0; i < ndim; i++) {
    if (shape[i] < 0) throw Refusal(TS_CODE_VALUE, "negative size " + std::to_string(shape[i]) + " in dimension " + std::to_string(i));
  }
  return at::IntArrayRef(shape, ndim);
}

// bytes_of multiplies without overflow.
size_t bytes_of(at::IntArrayRef shape, size_t item) {
  size_t n = item;
  for (int64_t s : shape) {
    if (s == 0) return 0;
    if (__builtin_mul_overflow(n, static_cast<size_t>(s), &n) || n > PTRDIFF_MAX) {
      throw Refusal(TS_CODE_VALUE, "the shape has more elements than memory can hold");
    }
  }
  return n;
}

}  // namespace

at::Tensor ordinary(const at::Tensor &t) {
  if (!t.defined() || !t.is_inference()) return t;
  at::NoGradGuard no_grad;
  if (t.layout() != at::kStrided || !t.has_storage() || t.is_quantized()) return t.clone();
  at::Tensor made = at::empty({0}, t.options());
  made.set_(t.storage(), t.storage_offset(), t.sizes(), t.strides());
  if (t.is_conj()) made._set_conj(true);
  if (t.is_neg()) made._set_neg(true);
  return made;
}

void note_released(void *token) {
  Released &r = released();
  std::lock_guard<std::mutex> lock(r.mutex);
  r.tokens.push_back(reinterpret_cast<uint64_t>(token));
}
}  // namespace torchgo

using namespace torchgo;

ts_error *ts_tensor_new(const void *data, size_t bytes, const int64_t *shape, size_t ndim, int32_t dtype, ts_tensor **out) noexcept {
  return guard([&] {
    Quiet quiet;
    auto type = scalar_type(dtype);
    auto sizes = shape_of(shape, ndim);
    size_t want = bytes_of(sizes, c10::elementSize(type));
    if (want != bytes) {
      throw Refusal(TS_CODE_ARGUMENT, "the shape takes " + std::to_string(want) + " bytes of data, not " + std::to_string(bytes));
    }
    at::Tensor t = at::empty(sizes, at::TensorOptions().dtype(type));
    if (bytes > 0) std::memcpy(t.mutable_data_ptr(), data, bytes);
    *out = release(std::move(t));
  });
}

ts_error *ts_tensor_map(void *data, size_t bytes, const int64_t *shape, const int64_t *strides, size_t ndim, int64_t offset, int32_t dtype, uint64_t token, ts_tensor **out) noexcept {
  return guard([&] {
    Quiet quiet;
    auto type = scalar_type(dtype);
    auto sizes = shape_of(shape, ndim);
    // set_ checks that the view lies within the storage.
    at::Tensor t = at::empty({0}, at::TensorOptions().dtype(type));
    c10::Storage storage(c10::Storage::use_byte_size_t(), bytes,
                         c10::DataPtr(data, reinterpret_cast<void *>(token), &note_released, c10::Device(c10::kCPU)),
                         nullptr, false);
    try {
      t.set_(storage, offset, sizes, at::IntArrayRef(strides, ndim));
    } catch (...) {
      // The caller keeps the memory when the call fails.
      storage.unsafeGetStorageImpl()->mutable_data_ptr().release_context();
      throw;
    }
    *out = release(std::move(t));
  });
}

size_t ts_tensor_released(uint64_t *tokens, size_t cap) noexcept {
  Released &r = released();
  std::lock_guard<std::mutex> lock(r.mutex);
  size_t n = std::min(cap, r.tokens.size());
  std::copy(r.tokens.end() - n, r.tokens.end(), tokens);
  r.tokens.resize(r.tokens.size() - n);
  return n;
}

void ts_tensor_free(ts_tensor *t) noexcept {
  if (t != nullptr) TensorRef::reclaim(reinterpret_cast<c10::TensorImpl *>(t));
}

ts_error *ts_tensor_read(const ts_tensor *handle, ts_tensor_info *out) noexcept {
  return guard([&] {
    at::Tensor t = borrow(handle);
    bool strided = t.layout() == at::kStrided && t.has_storage();
    ts_tensor_info info{};
    info.sizes = t.sizes().data();
    info.ndim = static_cast<int32_t>(t.dim());
    info.numel = t.numel();
    info.dtype = static_cast<int32_t>(t.scalar_type());
    info.item_bytes = static_cast<int32_t>(t.itemsize());
    info.device_type = static_cast<int32_t>(t.device().type());
    info.device_index = t.device().has_index() ? t.device().index() : 0;
    if (strided) {
      info.strides = t.strides().data();
      // Asked of the storage, which answers without materialising a lazy copy.
      info.storage = const_cast<void *>(t.storage().data());
      info.storage_bytes = static_cast<int64_t>(t.storage().nbytes());
      info.data = const_cast<void *>(t.const_data_ptr());
      info.flags |= TS_TENSOR_STRIDED;
      if (t.is_contiguous()) info.flags |= TS_TENSOR_CONTIGUOUS;
    }
    if (t.requires_grad()) info.flags |= TS_TENSOR_REQUIRES_GRAD;
    if (t.is_conj()) info.flags |= TS_TENSOR_CONJ;
    if (t.is_neg()) info.flags |= TS_TENSOR_NEG;
    if (t.is_quantized()) info.flags |= TS_TENSOR_QUANTIZED;
    if (t.is_inference()) info.flags |= TS_TENSOR_INFERENCE;
    if (t.is_leaf()) info.flags |= TS_TENSOR_LEAF;
    *out = info;
  });
}

ts_error *ts_tensor_bytes(const ts_tensor *handle, void *dst, size_t bytes) noexcept {
  return guard([&] {
    Quiet quiet;
    at::Tensor t = borrow(handle);
    if (t.layout() != at::kStrided) throw Refusal(TS_CODE_TYPE, "the tensor is not strided: it has no elements in row-major order; use to_dense first");
    size_t want = bytes_of(t.sizes(), t.itemsize());
    if (want != bytes) throw Refusal(TS_CODE_ARGUMENT, "the tensor has " + std::to_string(want) + " bytes of elements, not " + std::to_string(bytes));
    Lane lane(on_cuda(t), 0);
    t = t.to(at::kCPU).resolve_conj().resolve_neg().contiguous();
    if (bytes > 0) std::memcpy(dst, t.const_data_ptr(), bytes);
  });
}

ts_error *ts_tensor_to(const ts_tensor *handle, int32_t device_type, int32_t device_index, int32_t dtype, int32_t copy, ts_tensor **out) noexcept {
  return guard([&] {
    ts_value in{TS_TAG_TENSOR, 0, const_cast<ts_tensor *>(handle), 0, 0, 0};
    Operating operating(&in, 1, 0, false);
    at::Tensor t = borrow(handle);
    auto type = dtype < 0 ? t.scalar_type() : scalar_type(dtype);
    c10::Device to = device(device_type, device_index);
    Lane lane(to.is_cuda() ? std::optional(to) : on_cuda(t), 0);
    at::Tensor made = t.to(to, type, /*non_blocking=*/false, copy != 0);
    lane.settle();
    *out = release(std::move(made));
  });
}

ts_error *ts_tensor_copy(ts_tensor *dst, const ts_tensor *src) noexcept {
  return guard([&] {
    Calling calling(0);  // the only mode in which a module's tensors can be written
    at::Tensor to = borrow(dst), from = borrow(src);
    if (to.sizes() != from.sizes()) {
      throw Refusal(TS_CODE_VALUE, "the shapes differ: " + c10::str(to.sizes()) + " and " + c10::str(from.sizes()));
    }
    Lane lane(on_cuda(to.is_cuda() ? to : from), 0);
    to.copy_(from);
    lane.settle();
  });
}
