// The two halves of every call: arguments onto the stack, results off it.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include "state.h"
#include "value.h"

namespace torchgo {

// arguments makes the stack for a schema of n given trees; from counts the
// schema's first arguments that are not given in the array: 1 when self is.
inline c10::Stack arguments(const c10::FunctionSchema &schema, size_t from, const ts_value *in, size_t n, const c10::IValue *self) {
  const auto &declared = schema.arguments();
  c10::Stack stack;
  stack.reserve(declared.size());
  if (self != nullptr) stack.push_back(*self);
  Reader reader(in, n);
  size_t i = from;
  for (; i < declared.size() && !reader.done(); i++) {
    // The common case without the string that names the argument in errors.
    if (in->tag == TS_TAG_TENSOR && declared[i].type()->kind() == c10::TypeKind::TensorType) stack.push_back(reader.tensor());
    else stack.push_back(reader.next(declared[i].type(), schema.name() + ": argument " + declared[i].name()));
    in = reader.position();
  }
  if (!reader.done()) {
    throw Refusal(TS_CODE_ARGUMENT, schema.name() + " takes " + std::to_string(declared.size() - from) + " arguments, more were given");
  }
  for (; i < declared.size(); i++) {
    if (!declared[i].default_value()) {
      throw Refusal(TS_CODE_ARGUMENT, schema.name() + " needs the argument " + declared[i].name() + " (" + declared[i].type()->repr_str() + "); " + std::to_string(i - from) + " were given");
    }
    stack.push_back(*declared[i].default_value());
  }
  return stack;
}

// results flattens what a call left on the stack: one value, or a tuple of several.
inline ts_values *results(const c10::Stack &stack, ts_value *out, size_t cap) {
  Writer w(out, cap);
  if (stack.empty()) w.put(TS_TAG_NONE);
  else if (stack.size() > 1) w.tuple(stack.size());
  for (const auto &v : stack) w.value(v);
  return w.finish();
}

}  // namespace torchgo
