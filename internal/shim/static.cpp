// Planned forwards, and the one that libtorch's static runtime plans.
#include "static.h"

#include "call.h"
#include "module.h"

// Old wheels (2.4, 2.6) lack its headers.
#if __has_include(<torch/csrc/jit/runtime/static/impl.h>)
#include <torch/csrc/jit/runtime/static/impl.h>

namespace torchgo {
namespace {

// StaticRuntime runs the module on libtorch's static runtime. A runtime reuses its memory.
class StaticRuntime final : public ts_static {
 public:
  explicit StaticRuntime(const torch::jit::Module &frozen) : ts_static(frozen), plan(frozen, /*is_frozen=*/true) {}

  c10::IValue run(c10::Stack arguments) override {
    auto runtime = idle.take([this] { return std::make_unique<torch::jit::StaticRuntime>(plan); });
    // One that threw is not used again.
    c10::IValue result = (*runtime)(std::move(arguments), {});
    idle.give(std::move(runtime));
    return result;
  }

 private:
  torch::jit::StaticModule plan;
  Shelf<torch::jit::StaticRuntime> idle;
};

std::unique_ptr<ts_static> static_runtime(const torch::jit::Module &frozen) {
  if (!torch::jit::canEnableStaticRuntime(frozen.get_method("forward").graph())) {
    throw Refusal(TS_CODE_NOT_IMPLEMENTED, "the graph has operators that the static runtime cannot run");
  }
  return std::make_unique<StaticRuntime>(frozen);
}

}  // namespace
}  // namespace torchgo

#else

namespace torchgo {
namespace {

std::unique_ptr<ts_static> static_runtime(const torch::jit::Module &) {
  throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch came without the headers of its static runtime");
}

}  // namespace
}  // namespace torchgo

#endif

using namespace torchgo;

ts_error *ts_static_new(const ts_module *m, ts_static **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    *out = static_runtime(frozen_copy(m->module, false)).release();
  });
}

ts_error *ts_straight_new(const ts_module *m, ts_static **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    *out = straight(frozen_copy(m->module, false)).release();
  });
}

void ts_static_free(ts_static *s) noexcept { delete s; }

ts_error *ts_static_call(const ts_static *s, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) noexcept {
  return guard([&] {
    check_not_null(s, "planned forward");
    Calling calling(0);
    auto *replaced = (flags & TS_CALL_REPLACE) != 0 ? static_cast<ts_tensor *>(out[0].p) : nullptr;
    c10::Stack args = arguments(s->schema, 1, in, n, nullptr);
    Lane lane(on_cuda(args), flags);
    c10::IValue made = const_cast<ts_static *>(s)->run(std::move(args));
    lane.settle();
    *more = result(std::move(made), out, cap);
    if (*more == nullptr && out[0].tag == TS_TAG_TENSOR) ts_tensor_free(replaced);
  }, TS_CODE_SCRIPT);
}
