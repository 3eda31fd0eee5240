// Models that AOTInductor compiled, in packages (.pt2).
#include <cstdlib>
#include <mutex>

#include "device.h"

// libtorch has the loader from 2.6 on.
#if __has_include(<torch/csrc/inductor/aoti_package/model_package_loader.h>)
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <type_traits>

#include "call.h"

using namespace torchgo;

struct ts_package {
  std::unique_ptr<torch::inductor::AOTIModelPackageLoader> loader;
};

namespace {

// open_package passes the index of a GPU on to loaders that take one, from 2.8 on.
template <class Loader>
std::unique_ptr<Loader> open_package(const std::string &path, const std::string &model, c10::Device device) {
  if constexpr (std::is_constructible_v<Loader, const std::string &, const std::string &, bool, size_t, c10::DeviceIndex>) {
    return std::make_unique<Loader>(path, model, false, size_t{1}, device.is_cuda() ? device.index() : c10::DeviceIndex{-1});
  } else {
    if (device.index() > 0) throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch runs packages on the first GPU only; later versions take others");
    return std::make_unique<Loader>(path, model);
  }
}

}  // namespace

ts_error *ts_package_load(const char *path, const char *model, int32_t device_type, int32_t device_index, ts_package **out) noexcept {
  return guard([&] {
    // The compiled code reads this before its first call, and compares its inputs with what it was compiled for:
    // without, it reads past the end of what is too small.
    static std::once_flag once;
    std::call_once(once, [] { setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", 1); });
    Calling calling(0);
    *out = new ts_package{open_package<torch::inductor::AOTIModelPackageLoader>(path, model, device(device_type, device_index))};
  });
}

void ts_package_free(ts_package *p) noexcept { delete p; }

ts_error *ts_package_spec(const ts_package *p, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(p, "package");
    *out = write_all([&](Writer &w) {
      auto spec = p->loader->get_call_spec();
      w.list(spec.size());
      for (auto &text : spec) w.string(std::move(text));
    });
  });
}

ts_error *ts_package_call(const ts_package *p, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) noexcept {
  return guard([&] {
    check_not_null(p, "package");
    Calling calling(flags);
    std::vector<at::Tensor> tensors;
    c10::Stack stack;
    for (size_t i = 0; i < n; i++) {
      if (in[i].tag != TS_TAG_TENSOR) throw Refusal(TS_CODE_ARGUMENT, "input " + std::to_string(i) + " of the package is no tensor");
      stack.emplace_back(borrow(static_cast<const ts_tensor *>(in[i].p)));
      tensors.push_back(stack.back().toTensor());
    }
    Lane lane(on_cuda(stack), flags);
    auto computed = p->loader->run(tensors);
    lane.settle();
    Writer w(out, cap);
    w.list(computed.size());
    for (auto &t : computed) w.tensor(std::move(t));
    *more = w.finish();
  });
}

#else

using namespace torchgo;

struct ts_package {};

namespace {

ts_error *no_packages() noexcept {
  return guard([] { throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch cannot load packages; 2.6 and later can"); });
}

}  // namespace

ts_error *ts_package_load(const char *, const char *, int32_t, int32_t, ts_package **) noexcept { return no_packages(); }

void ts_package_free(ts_package *) noexcept {}

ts_error *ts_package_spec(const ts_package *, ts_values **) noexcept { return no_packages(); }

ts_error *ts_package_call(const ts_package *, const ts_value *, size_t, uint32_t, ts_value *, size_t, ts_values **) noexcept { return no_packages(); }

#endif
