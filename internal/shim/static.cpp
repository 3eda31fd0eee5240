// The static runtime: a frozen forward whose memory is planned beforehand.
#include "module.h"

// Old wheels (2.4, 2.6) lack its headers.
#if __has_include(<torch/csrc/jit/runtime/static/impl.h>)
#include <torch/csrc/jit/runtime/static/impl.h>

#include "call.h"

using namespace torchgo;

struct ts_static {
  explicit ts_static(torch::jit::Module frozen)
      : schema(frozen.get_method("forward").function().getSchema()), plan(frozen, /*is_frozen=*/true) {}

  // A runtime reuses its memory and so serves one call at a time. Calls take one
  // that is idle, or make one.
  std::unique_ptr<torch::jit::StaticRuntime> take() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        auto runtime = std::move(idle.back());
        idle.pop_back();
        return runtime;
      }
    }
    return std::make_unique<torch::jit::StaticRuntime>(plan);
  }

  void give(std::unique_ptr<torch::jit::StaticRuntime> runtime) {
    std::lock_guard<std::mutex> lock(mutex);
    idle.push_back(std::move(runtime));
  }

  const c10::FunctionSchema schema;

 private:
  torch::jit::StaticModule plan;
  std::mutex mutex;
  std::vector<std::unique_ptr<torch::jit::StaticRuntime>> idle;
};

ts_error *ts_static_new(const ts_module *m, ts_static **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    auto frozen = frozen_copy(m->module, false);
    if (!torch::jit::canEnableStaticRuntime(frozen.get_method("forward").graph())) {
      throw Refusal(TS_CODE_NOT_IMPLEMENTED, "the graph has operators that the static runtime cannot run");
    }
    *out = new ts_static(std::move(frozen));
  });
}

void ts_static_free(ts_static *s) noexcept { delete s; }

ts_error *ts_static_call(const ts_static *s, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) noexcept {
  return guard([&] {
    check_not_null(s, "static runtime");
    Calling calling(flags);
    auto *replaced = (flags & TS_CALL_REPLACE) != 0 ? static_cast<ts_tensor *>(out[0].p) : nullptr;
    auto *owner = const_cast<ts_static *>(s);
    c10::Stack args = arguments(s->schema, 1, in, n, nullptr);
    Lane lane(on_cuda(args), flags);
    auto runtime = owner->take();
    // One that threw is not used again.
    c10::Stack result{(*runtime)(std::move(args), {})};
    lane.settle();
    owner->give(std::move(runtime));
    *more = results(result, out, cap);
    if (*more == nullptr && out[0].tag == TS_TAG_TENSOR) ts_tensor_free(replaced);
  }, TS_CODE_SCRIPT);
}

#else

using namespace torchgo;

struct ts_static {};

ts_error *ts_static_new(const ts_module *, ts_static **) noexcept {
  return guard([] { throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch came without the headers of its static runtime"); });
}

void ts_static_free(ts_static *) noexcept {}

ts_error *ts_static_call(const ts_static *, const ts_value *, size_t, uint32_t, ts_value *, size_t, ts_values **) noexcept {
  return guard([] { throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch came without the headers of its static runtime"); });
}

#endif
