#include <ATen/core/class_type.h>
#include <ATen/core/function_schema.h>

#include "tensor.h"
#include "value.h"

namespace torchgo {
namespace {

const char *name_of(uint32_t tag) {
  switch (tag) {
    case TS_TAG_NONE: return "None";
    case TS_TAG_TENSOR: return "a tensor";
    case TS_TAG_BOOL: return "a bool";
    case TS_TAG_INT: return "an int";
    case TS_TAG_FLOAT: return "a float";
    case TS_TAG_COMPLEX: return "a complex number";
    case TS_TAG_STRING: return "a string";
    case TS_TAG_DEVICE: return "a device";
    case TS_TAG_LIST: return "a list";
    case TS_TAG_TUPLE: return "a tuple";
    case TS_TAG_NAMED_TUPLE: return "a named tuple";
    case TS_TAG_DICT: return "a dict";
    case TS_TAG_OBJECT: return "an object";
  }
  return "an unknown value";
}

[[noreturn]] void mismatch(const std::string &where, const c10::TypePtr &want, uint32_t tag) {
  throw Refusal(TS_CODE_TYPE, where + ": expected " + want->repr_str() + ", got " + name_of(tag));
}

std::string text(const ts_value &v) { return std::string(static_cast<const char *>(v.p), static_cast<size_t>(v.i)); }

// common_type is the element type of a list or dict that nothing else types.
c10::TypePtr common_type(const std::vector<c10::IValue> &values) {
  if (values.empty()) return c10::TensorType::get();
  c10::TypePtr t = values.front().type();
  for (const auto &v : values) {
    if (!v.type()->isSubtypeOf(*t)) return c10::AnyType::get();
  }
  return t->kind() == c10::TypeKind::TensorType ? c10::TensorType::get() : t;
}

}  // namespace

const ts_value &Reader::take() {
  if (at == end) throw Refusal(TS_CODE_ARGUMENT, "a value tree ends too early");
  return *at++;
}

c10::IValue Reader::next(const c10::TypePtr &want, const std::string &where, int depth) {
  if (depth > max_depth) throw Refusal(TS_CODE_VALUE, where + ": nested deeper than " + std::to_string(max_depth));
  const c10::TypeKind kind = want->kind();
  if (kind == c10::TypeKind::OptionalType) {
    if (at != end && at->tag == TS_TAG_NONE) {
      at++;
      return c10::IValue();
    }
    return next(want->castRaw<c10::OptionalType>()->getElementType(), where, depth);
  }
  const bool any = kind == c10::TypeKind::AnyType || kind == c10::TypeKind::UnionType;
  const bool number = kind == c10::TypeKind::NumberType;
  const ts_value &v = take();
  switch (v.tag) {
    case TS_TAG_NONE:
      if (any || kind == c10::TypeKind::NoneType) return c10::IValue();
      break;
    case TS_TAG_TENSOR:
      if (any || kind == c10::TypeKind::TensorType) return borrow(static_cast<const ts_tensor *>(v.p));
      break;
    case TS_TAG_BOOL:
      if (any || number || kind == c10::TypeKind::BoolType) return v.i != 0;
      break;
    case TS_TAG_INT:
      if (kind == c10::TypeKind::FloatType) return static_cast<double>(v.i);
      if (any || number || kind == c10::TypeKind::IntType || kind == c10::TypeKind::SymIntType) return v.i;
      break;
    case TS_TAG_FLOAT:
      if (any || number || kind == c10::TypeKind::FloatType) return v.re;
      break;
    case TS_TAG_COMPLEX:
      if (any || number || kind == c10::TypeKind::ComplexType) return c10::complex<double>(v.re, v.im);
      break;
    case TS_TAG_STRING:
      if (any || kind == c10::TypeKind::StringType) return text(v);
      if (kind == c10::TypeKind::DeviceObjType) return c10::Device(text(v));
      break;
    case TS_TAG_DEVICE:
      if (any || kind == c10::TypeKind::DeviceObjType) {
        return c10::Device(static_cast<c10::DeviceType>(v.n), static_cast<c10::DeviceIndex>(v.i));
      }
      break;
    case TS_TAG_LIST:
      if (any || kind == c10::TypeKind::ListType) return list(want, v.n, where, depth);
      break;
    case TS_TAG_TUPLE:
    case TS_TAG_NAMED_TUPLE:
      if (any || kind == c10::TypeKind::TupleType) return tuple(want, v, where, depth);
      break;
    case TS_TAG_DICT:
      if (any || kind == c10::TypeKind::DictType) return dict(want, v.n, where, depth);
      break;
    case TS_TAG_OBJECT: {
      ObjectRef object = borrow(static_cast<const ts_object *>(v.p));
      if (any || object->type()->isSubtypeOf(*want)) return object;
      throw Refusal(TS_CODE_TYPE, where + ": expected " + want->repr_str() + ", got an object of " + object->type()->repr_str());
    }
  }
  mismatch(where, want, v.tag);
}

c10::IValue Reader::list(const c10::TypePtr &want, uint32_t n, const std::string &where, int depth) {
  const auto *typed = want->castRaw<c10::ListType>();
  c10::TypePtr element = typed ? typed->getElementType() : c10::AnyType::get();
  // Every element takes at least one value: a bound before memory is taken.
  if (n > static_cast<size_t>(end - at)) throw Refusal(TS_CODE_ARGUMENT, where + ": a value tree ends too early");
  std::vector<c10::IValue> values;
  values.reserve(n);
  for (uint32_t i = 0; i < n; i++) values.push_back(next(element, where + "[" + std::to_string(i) + "]", depth + 1));
  c10::impl::GenericList made(typed ? element : common_type(values));
  made.reserve(n);
  for (auto &v : values) made.push_back(std::move(v));
  return made;
}

c10::IValue Reader::tuple(const c10::TypePtr &want, const ts_value &head, const std::string &where, int depth) {
  const auto typed = want->cast<c10::TupleType>();
  if (typed && typed->elements().size() != head.n) {
    throw Refusal(TS_CODE_TYPE, where + ": expected " + want->repr_str() + " with " + std::to_string(typed->elements().size()) + " elements, got " + std::to_string(head.n));
  }
  const bool named = head.tag == TS_TAG_NAMED_TUPLE;
  if (named) take();  // the type's name; the fields are what counts
  if (head.n > static_cast<size_t>(end - at)) throw Refusal(TS_CODE_ARGUMENT, where + ": a value tree ends too early");
  std::vector<c10::IValue> values;
  values.reserve(head.n);
  for (uint32_t i = 0; i < head.n; i++) {
    if (named) {
      const ts_value &field = take();
      if (field.tag != TS_TAG_STRING) throw Refusal(TS_CODE_ARGUMENT, where + ": a field of a named tuple has no name");
      if (typed && typed->schema() && typed->schema()->arguments()[i].name() != text(field)) {
        throw Refusal(TS_CODE_TYPE, where + ": expected the field " + typed->schema()->arguments()[i].name() + ", got " + text(field));
      }
    }
    values.push_back(next(typed ? typed->elements()[i] : c10::TypePtr(c10::AnyType::get()), where + "[" + std::to_string(i) + "]", depth + 1));
  }
  if (typed && typed->schema()) return c10::ivalue::Tuple::createNamed(std::move(values), typed);
  return c10::ivalue::Tuple::create(std::move(values));
}

c10::IValue Reader::dict(const c10::TypePtr &want, uint32_t n, const std::string &where, int depth) {
  const auto *typed = want->castRaw<c10::DictType>();
  c10::TypePtr key = typed ? typed->getKeyType() : c10::AnyType::get();
  c10::TypePtr element = typed ? typed->getValueType() : c10::AnyType::get();
  if (n > static_cast<size_t>(end - at) / 2) throw Refusal(TS_CODE_ARGUMENT, where + ": a value tree ends too early");
  std::vector<c10::IValue> keys, values;
  for (uint32_t i = 0; i < n; i++) {
    keys.push_back(next(key, where + " key " + std::to_string(i), depth + 1));
    values.push_back(next(element, where + "[" + std::to_string(i) + "]", depth + 1));
  }
  c10::TypePtr key_type = typed ? key : common_type(keys);
  if (!typed && keys.empty()) key_type = c10::StringType::get();
  c10::impl::GenericDict made(key_type, typed ? element : common_type(values));
  for (uint32_t i = 0; i < n; i++) {
    if (!made.insert(keys[i], values[i]).second) throw Refusal(TS_CODE_VALUE, where + ": a key occurs twice");
  }
  return made;
}

}  // namespace torchgo
