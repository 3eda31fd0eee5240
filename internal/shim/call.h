// The two halves of every call: arguments onto the stack, results off it.
#pragma once

#include <ATen/core/boxing/KernelFunction.h>  // c10::Stack
#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include "state.h"
#include "value.h"

namespace torchgo {

// plain reads what most arguments are, without the text that names an argument
// in errors, which costs more than the rest. It returns how many values that
// took; 0: the value is of another kind, or a wrong one.
inline size_t plain(const ts_value *v, const c10::Type *want, size_t left, c10::IValue &out) {
  if (want->kind() == c10::TypeKind::OptionalType) {
    if (v->tag == TS_TAG_NONE) return 1;  // as out is
    want = want->castRaw<c10::OptionalType>()->getElementType().get();
  }
  const c10::TypeKind kind = want->kind();
  const bool number = kind == c10::TypeKind::NumberType;
  switch (v->tag) {
    case TS_TAG_TENSOR:
      if (kind != c10::TypeKind::TensorType) return 0;
      out = borrow(static_cast<const ts_tensor *>(v->p));
      return 1;
    case TS_TAG_BOOL:
      if (!number && kind != c10::TypeKind::BoolType) return 0;
      out = v->i != 0;
      return 1;
    case TS_TAG_INT:
      if (!number && kind != c10::TypeKind::IntType) return 0;
      out = v->i;
      return 1;
    case TS_TAG_FLOAT:
      if (!number && kind != c10::TypeKind::FloatType) return 0;
      out = v->re;
      return 1;
    case TS_TAG_LIST: {
      if (kind != c10::TypeKind::ListType || v->n >= left) return 0;
      if (want->castRaw<c10::ListType>()->getElementType()->kind() != c10::TypeKind::IntType) return 0;
      c10::List<int64_t> list;
      list.reserve(v->n);
      for (uint32_t i = 1; i <= v->n; i++) {
        if (v[i].tag != TS_TAG_INT) return 0;
        list.push_back(v[i].i);
      }
      out = std::move(list);
      return v->n + size_t{1};
    }
  }
  return 0;
}

// arguments makes the stack for a schema of n given trees; from counts the
// schema's first arguments that are not given in the array: 1 when self is.
inline c10::Stack arguments(const c10::FunctionSchema &schema, size_t from, const ts_value *in, size_t n, const c10::IValue *self) try {
  const auto &declared = schema.arguments();
  c10::Stack stack;
  stack.reserve(declared.size());
  if (self != nullptr) stack.push_back(*self);
  Reader reader(in, n);
  const ts_value *end = in + n;
  for (size_t i = from; i < declared.size(); i++) {
    const auto &argument = declared[i];
    const bool omitted = reader.done();
    if (omitted || reader.position()->tag == TS_TAG_DEFAULT) {
      if (!omitted) reader.skip(1);
      if (argument.default_value()) {
        stack.push_back(*argument.default_value());
      } else if (!omitted && argument.type()->kind() == c10::TypeKind::OptionalType) {
        stack.emplace_back();
      } else {
        throw Refusal(TS_CODE_ARGUMENT, schema.name() + " needs the argument " + argument.name() + " (" + argument.type()->repr_str() + "), which is number " + std::to_string(i - from + 1));
      }
      continue;
    }
    const ts_value *at = reader.position();
    stack.emplace_back();
    if (size_t took = plain(at, argument.type().get(), static_cast<size_t>(end - at), stack.back())) reader.skip(took);
    else stack.back() = reader.next(argument.type(), schema.name() + ": argument " + argument.name());
  }
  // An argument that a later libtorch added, left at its default, is no argument here.
  while (!reader.done() && reader.position()->tag == TS_TAG_DEFAULT) reader.skip(1);
  if (!reader.done()) {
    throw Refusal(TS_CODE_ARGUMENT, schema.name() + " takes " + std::to_string(declared.size() - from) + " arguments, more were given");
  }
  return stack;
} catch (const Refusal &e) {
  throw Refusal(e.code, e.what() + ("; it is " + c10::str(schema)));
}

// result flattens one value.
inline ts_values *result(c10::IValue v, ts_value *out, size_t cap) {
  if (v.isTensor() && cap > 0) {
    write_tensor(out[0], std::move(v).toTensor());
    return nullptr;
  }
  Writer w(out, cap);
  w.value(v);
  return w.finish();
}

// results flattens what a call left on the stack: one value, or a tuple of several.
inline ts_values *results(c10::Stack &stack, ts_value *out, size_t cap) {
  if (stack.size() == 1) return result(std::move(stack[0]), out, cap);
  Writer w(out, cap);
  if (stack.empty()) w.put(TS_TAG_NONE);
  else w.tuple(stack.size());
  for (const auto &v : stack) w.value(v);
  return w.finish();
}

}  // namespace torchgo
