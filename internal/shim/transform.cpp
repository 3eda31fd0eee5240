// Modules made from modules, and from source text.
#include <torch/csrc/jit/api/module.h>

#include <mutex>

#include "module.h"
#include "state.h"

using namespace torchgo;

namespace {

// A copy's types go into the compilation unit that it shares with its module, whose tables libtorch does not lock:
// two copies made at once damage them. The thread sanitizer found that.
std::mutex copying;

}  // namespace

ts_error *ts_module_save(const ts_module *m, const char *path) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    m->module.save(path);
  });
}

ts_error *ts_module_freeze(const ts_module *m, int32_t optimize, ts_module **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    std::lock_guard<std::mutex> alone(copying);
    torch::jit::Module copy = m->module.clone();
    copy.eval();
    torch::jit::Module frozen = torch::jit::freeze(copy);
    if (optimize != 0) frozen = torch::jit::optimize_for_inference(frozen);
    *out = new ts_module{std::move(frozen)};
  });
}

ts_error *ts_module_compile(const char *source, ts_module **out) noexcept {
  return guard([&] {
    Calling calling(0);
    torch::jit::Module module("Compiled");
    module.define(source);
    *out = new ts_module{std::move(module)};
  }, TS_CODE_COMPILE);
}
