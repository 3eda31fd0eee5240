#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "call.h"
#include "device.h"

using namespace torchgo;

namespace {

// Differentiating is the mode of the backward pass, in which autograd decides what else is recorded.
struct Differentiating {
  Differentiating() : grad(true) { apply_width(); }
  at::AutoGradMode grad;
};

// one reads a tensor, undefined for none.
at::Tensor one(const ts_value &v, const char *what) {
  if (v.tag == TS_TAG_NONE) return {};
  if (v.tag != TS_TAG_TENSOR) throw Refusal(TS_CODE_ARGUMENT, std::string(what) + " must be tensors");
  return borrow(static_cast<const ts_tensor *>(v.p));
}

// several reads a list of tensors.
std::vector<at::Tensor> several(const ts_value *&at, const ts_value *end, const char *what) {
  if (at == end || at->tag != TS_TAG_LIST || at->n >= static_cast<size_t>(end - at)) throw Refusal(TS_CODE_ARGUMENT, std::string("no list of ") + what);
  std::vector<at::Tensor> list;
  list.reserve(at->n);
  for (const ts_value *last = at + at->n; at != last;) list.push_back(one(*++at, what));
  at++;
  return list;
}

ts_values *listed(const std::vector<at::Tensor> &list, ts_value *out, size_t cap) {
  Writer w(out, cap);
  w.list(list.size());
  for (const at::Tensor &t : list) w.tensor(t);
  return w.finish();
}

}  // namespace

ts_error *ts_tensor_require_grad(ts_tensor *handle, int32_t on) noexcept {
  return guard([&] {
    at::Tensor t = borrow(handle);
    if (on != 0 && t.is_inference()) throw Refusal(TS_CODE_ARGUMENT, "the tensor was made in inference mode, by a TorchScript module, and has no place for a gradient: clone it first");
    t.requires_grad_(on != 0);
  });
}

ts_error *ts_gradients_read(const ts_value *in, size_t n, ts_value *out, size_t cap, ts_values **more) noexcept {
  return guard([&] {
    std::vector<at::Tensor> list;
    list.reserve(n);
    for (size_t i = 0; i < n; i++) {
      at::Tensor t = one(in[i], "the arguments");
      check_not_null(t.defined() ? &t : nullptr, "tensor");
      list.push_back(t.grad());
    }
    *more = listed(list, out, cap);
  });
}

ts_error *ts_gradients_write(const ts_value *in, size_t n) noexcept {
  return guard([&] {
    for (size_t i = 0; i + 1 < n; i += 2) {
      at::Tensor t = one(in[i], "the arguments"), grad = ordinary(one(in[i + 1], "the gradients"));
      check_not_null(t.defined() ? &t : nullptr, "tensor");
      if (grad.defined() && (grad.sizes() != t.sizes() || grad.dtype() != t.dtype() || grad.device() != t.device())) {
        throw Refusal(TS_CODE_VALUE, "a gradient must be of its tensor's shape, dtype and device: " + c10::str(t.sizes(), " ", t.dtype(), " on ", t.device(), ", not ", grad.sizes(), " ", grad.dtype(), " on ", grad.device()));
      }
      // It would keep itself alive for good; Python refuses it too.
      if (grad.defined() && grad.is_same(t)) throw Refusal(TS_CODE_ARGUMENT, "a tensor cannot be its own gradient; give a detached one");
      if (t.is_inference()) throw Refusal(TS_CODE_ARGUMENT, "the tensor was made in inference mode and has no place for a gradient");
      t.mutable_grad() = std::move(grad);
    }
  });
}

ts_error *ts_backward(const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) noexcept {
  return guard([&] {
    Differentiating differentiating;
    const ts_value *at = in, *end = in + n;
    auto roots = several(at, end, "roots");
    auto grads = several(at, end, "gradients");
    auto inputs = several(at, end, "inputs");
    for (const at::Tensor &t : roots) check_not_null(t.defined() ? &t : nullptr, "root");
    for (const at::Tensor &t : inputs) check_not_null(t.defined() ? &t : nullptr, "input");
    for (at::Tensor &t : grads) t = ordinary(t);
    grads.resize(roots.size());
    const bool retain = (flags & (TS_BACKWARD_RETAIN | TS_BACKWARD_CREATE)) != 0, create = (flags & TS_BACKWARD_CREATE) != 0;
    Lane lane(roots.empty() ? std::nullopt : on_cuda(roots[0]), 0);
    std::vector<at::Tensor> found;
    if ((flags & TS_BACKWARD_ACCUMULATE) != 0) {
      torch::autograd::backward(roots, grads, retain, create, inputs);
    } else {
      found = torch::autograd::grad(roots, inputs, grads, retain, create, (flags & TS_BACKWARD_UNUSED) != 0);
    }
    lane.settle();
    *more = listed(found, out, cap);
  });
}
