#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <torch/version.h>

#include "guard.h"
#include "state.h"

// Set by CMake: what the shim was built with and from.
#ifndef TORCHGO_BUILD_COMPILER
#define TORCHGO_BUILD_COMPILER "unknown"
#endif
#ifndef TORCHGO_BUILD_SOURCE
#define TORCHGO_BUILD_SOURCE "unknown"
#endif

namespace torchgo {

std::atomic<int> intra_op{1};

namespace {

// path_of names the library that holds an address.
std::string path_of(const void *address) {
  Dl_info info;
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "";
  return info.dli_fname;
}

struct Build {
  std::string libtorch_path, shim_path, config, capability;
};

// Its address says where the shim is.
const char here = 0;

const Build &build() {
  static const Build *b = [] {
    auto *made = new Build;
    made->libtorch_path = path_of(reinterpret_cast<const void *>(&at::show_config));
    made->shim_path = path_of(&here);
    made->config = at::show_config();
    made->capability = at::get_cpu_capability();
    return made;
  }();
  return *b;
}

}  // namespace
}  // namespace torchgo

using namespace torchgo;

ts_error *ts_build_read(ts_build_info *out) noexcept {
  return guard([&] {
    const Build &b = build();
    *out = {TORCH_VERSION,
            b.libtorch_path.c_str(),
            b.shim_path.c_str(),
            TORCHGO_BUILD_COMPILER,
            TORCHGO_BUILD_SOURCE,
            b.config.c_str(),
            b.capability.c_str(),
            _GLIBCXX_USE_CXX11_ABI};
  });
}

ts_error *ts_threads_set(int32_t n) noexcept {
  return guard([&] {
    if (n < 1) throw Refusal(TS_CODE_VALUE, "the number of threads must be at least 1, not " + std::to_string(n));
    intra_op.store(n, std::memory_order_relaxed);
    apply_width();
  });
}

ts_error *ts_threads_read(int32_t *n) noexcept {
  return guard([&] {
    apply_width();
    *n = at::get_num_threads();
  });
}
