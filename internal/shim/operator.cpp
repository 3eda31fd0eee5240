#include "operator.h"

#include <torch/csrc/jit/frontend/builtin_functions.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "call.h"
#include "device.h"

using namespace torchgo;

namespace {

bool written(const c10::Argument &a) { return a.alias_info() != nullptr && a.alias_info()->isWrite(); }

// adapt replaces inference tensors, such as TorchScript modules give, by ordinary
// ones over the same memory. Those that are written to stay: libtorch says why not.
void adapt(const c10::FunctionSchema &schema, c10::Stack &stack) {
  for (size_t i = 0; i < stack.size(); i++) {
    if (written(schema.arguments()[i])) continue;
    c10::IValue &v = stack[i];
    if (v.isTensor()) {
      v = ordinary(v.toTensor());
    } else if (v.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor &t : v.toTensorVector()) list.push_back(ordinary(t));
      v = std::move(list);
    }
  }
}

}  // namespace

ts_error *ts_operator_find(const char *name, const char *overload, const ts_operator **out) noexcept {
  return guard([&] {
    static std::mutex mutex;
    static auto *known = new std::unordered_map<std::string, const ts_operator *>;
    std::string key = std::string(name) + "." + overload;
    std::lock_guard<std::mutex> lock(mutex);
    auto found = known->find(key);
    if (found == known->end()) {
      // They take tensors for packed weights without looking, and crash on others.
      if (key.rfind("aten::quantized_", 0) == 0 && std::string(name).find("_cell") != std::string::npos) {
        throw Refusal(TS_CODE_NOT_IMPLEMENTED, std::string(name) + " crashes on what is no packed weight, and is not called");
      }
      auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
      if (!handle) {
        throw Refusal(TS_CODE_NO_OPERATOR, "this libtorch has no operator " + std::string(name) + (*overload ? "." : "") + overload);
      }
      const auto &arguments = handle->schema().arguments();
      found = known->emplace(key, new ts_operator{*handle, direct(*handle), std::any_of(arguments.begin(), arguments.end(), written)}).first;
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
    Operating operating(in, n, flags, op->writes);
    auto *replaced = (flags & TS_CALL_REPLACE) != 0 ? static_cast<ts_tensor *>(out[0].p) : nullptr;
    // The short way has no lane: it is that of the CPU.
    if (at::Tensor result; op->direct && cap > 0 && !cuda_in_use() && !operating.adapts() && op->direct->call(in, n, result)) {
      write_tensor(out[0], std::move(result));
      *more = nullptr;
      ts_tensor_free(replaced);
      return;
    }
    c10::Stack stack = arguments(op->handle.schema(), 0, in, n, nullptr);
    if (operating.adapts()) adapt(op->handle.schema(), stack);
    Lane lane(on_cuda(stack), flags);
    op->handle.callBoxed(&stack);
    lane.settle();
    *more = flags & TS_CALL_NO_RESULTS ? nullptr : results(stack, out, cap);
    if (*more == nullptr && out[0].tag == TS_TAG_TENSOR) ts_tensor_free(replaced);
  });
}

ts_error *ts_operator_list(ts_values **out) noexcept {
  return guard([&] {
    std::vector<std::string> schemas;
    auto &dispatcher = c10::Dispatcher::singleton();
    for (const auto &name : dispatcher.getAllOpNames()) {
      // Kernels may be registered for a name that nothing has defined.
      if (auto handle = dispatcher.findSchema(name)) schemas.push_back(c10::str(handle->schema()));
    }
    *out = write_all([&](Writer &w) {
      w.list(schemas.size());
      for (auto &schema : schemas) w.string(std::move(schema));
    });
  });
}

ts_error *ts_operator_known(const char *name, int32_t *known) noexcept {
  return guard([&] {
    // What the compiler itself asks, in emitBuiltinCall.
    auto symbol = c10::Symbol::fromQualString(name);
    *known = !torch::jit::getAllOperatorsFor(symbol).empty() || !torch::jit::getAllBuiltinFunctionsFor(symbol).empty();
  });
}
