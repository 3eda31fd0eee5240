#include <ATen/core/dispatch/Dispatcher.h>

#include <mutex>
#include <unordered_map>

#include "call.h"

// Operators live as long as the process: their handles are kept for good, one
// for each name.
struct ts_operator {
  c10::OperatorHandle handle;
};

using namespace torchgo;

ts_error *ts_operator_find(const char *name, const char *overload, const ts_operator **out) noexcept {
  return guard([&] {
    static std::mutex mutex;
    static auto *known = new std::unordered_map<std::string, const ts_operator *>;
    std::string key = std::string(name) + "." + overload;
    std::lock_guard<std::mutex> lock(mutex);
    auto found = known->find(key);
    if (found == known->end()) {
      auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
      if (!handle) {
        throw Refusal(TS_CODE_NO_OPERATOR, "this libtorch has no operator " + std::string(name) + (*overload ? "." : "") + overload);
      }
      found = known->emplace(key, new ts_operator{*handle}).first;
    }
    *out = found->second;
  });
}

ts_error *ts_operator_schema(const ts_operator *op, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(op, "operator");
    *out = write_all([&](Writer &w) { w.string(c10::str(op->handle.schema())); });
  });
}

ts_error *ts_operator_call(const ts_operator *op, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) noexcept {
  return guard([&] {
    check_not_null(op, "operator");
    Calling calling(flags);
    c10::Stack stack = arguments(op->handle.schema(), 0, in, n, nullptr);
    op->handle.callBoxed(&stack);
    *more = results(stack, out, cap);
  });
}
