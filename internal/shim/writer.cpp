#include <ATen/core/class_type.h>
#include <ATen/core/function_schema.h>

#include "tensor.h"
#include "value.h"

namespace torchgo {

uint32_t Writer::size(size_t n) {
  if (n > UINT32_MAX) throw Refusal(TS_CODE_VALUE, "a container has more than 2^32 elements");
  return static_cast<uint32_t>(n);
}

void Writer::spill() {
  if (more) return;
  more.reset(new ts_values);
  more->values.assign(out, out + used);
}

ts_value &Writer::add() {
  if (!more && used == cap) spill();
  if (more) return more->values.emplace_back();
  out[used] = ts_value{};
  return out[used++];
}

void Writer::put(uint32_t tag, uint32_t n, int64_t i) {
  ts_value &v = add();
  v.tag = tag;
  v.n = n;
  v.i = i;
}

void write_tensor(ts_value &v, at::Tensor t) {
  v = ts_value{};
  if (!t.defined()) return;
  v.tag = TS_TAG_TENSOR;
  if (t.has_storage()) v.i = static_cast<int64_t>(t.storage().nbytes());
  v.n = !t.requires_grad();
  v.p = release(std::move(t));
}

void Writer::tensor(at::Tensor t) { write_tensor(add(), std::move(t)); }

void Writer::string(std::string s) {
  spill();
  more->strings.push_back(std::move(s));
  ts_value &v = add();
  v.tag = TS_TAG_STRING;
  v.p = more->strings.back().data();
  v.i = static_cast<int64_t>(more->strings.back().size());
}

void Writer::value(const c10::IValue &v, int depth) {
  if (depth > max_depth) throw Refusal(TS_CODE_VALUE, "the result is nested deeper than " + std::to_string(max_depth));
  if (v.isTensor()) return tensor(v.toTensor());
  if (v.isNone()) return put(TS_TAG_NONE);
  if (v.isBool()) return put(TS_TAG_BOOL, 0, v.toBool());
  if (v.isInt()) return put(TS_TAG_INT, 0, v.toInt());
  if (v.isDouble()) {
    ts_value &x = add();
    x.tag = TS_TAG_FLOAT;
    x.re = v.toDouble();
    return;
  }
  if (v.isComplexDouble()) {
    ts_value &x = add();
    auto c = v.toComplexDouble();
    x.tag = TS_TAG_COMPLEX;
    x.re = c.real();
    x.im = c.imag();
    return;
  }
  if (v.isString()) return string(v.toStringRef());
  if (v.isDevice()) {
    c10::Device d = v.toDevice();
    return put(TS_TAG_DEVICE, static_cast<uint32_t>(d.type()), d.index());
  }
  if (v.isTuple()) {
    const auto &elements = v.toTupleRef().elements();
    const auto type = v.toTupleRef().type();
    if (!type->schema()) {
      tuple(elements.size());
      for (const auto &e : elements) value(e, depth + 1);
      return;
    }
    put(TS_TAG_NAMED_TUPLE, size(elements.size()));
    string(type->name() ? type->name()->name() : "");
    for (size_t i = 0; i < elements.size(); i++) {
      string(type->schema()->arguments()[i].name());
      value(elements[i], depth + 1);
    }
    return;
  }
  if (v.isList()) {
    auto elements = v.toListRef();
    list(elements.size());
    for (const auto &e : elements) value(e, depth + 1);
    return;
  }
  if (v.isGenericDict()) {
    auto entries = v.toGenericDict();
    dict(entries.size());
    for (const auto &e : entries) {
      value(e.key(), depth + 1);
      value(e.value(), depth + 1);
    }
    return;
  }
  if (v.isObject()) return object(v, depth);
  throw Refusal(TS_CODE_TYPE, "the result holds a " + v.tagKind() + ", which has no form in Go");
}

void Writer::object(const c10::IValue &v, int depth) {
  auto obj = v.toObject();
  auto type = obj->type();
  // What a class of a C++ library holds lies in a capsule, which has no form in Go.
  std::vector<size_t> shown;
  for (size_t i = 0; i < type->numAttributes(); i++) {
    if (!obj->getSlot(i).isCapsule()) shown.push_back(i);
  }
  ts_value &head = add();
  head.tag = TS_TAG_OBJECT;
  head.n = size(shown.size());
  head.p = release(obj);
  string(type->name() ? type->name()->qualifiedName() : "");
  for (size_t i : shown) {
    string(type->getAttributeName(i));
    value(obj->getSlot(i), depth + 1);
  }
}

ts_values *Writer::finish() {
  finished = true;
  return more.release();
}

Writer::~Writer() {
  if (finished) return;
  const ts_value *values = more ? more->values.data() : out;
  size_t n = more ? more->values.size() : used;
  for (size_t i = 0; i < n; i++) {
    if (values[i].tag == TS_TAG_TENSOR) ts_tensor_free(static_cast<ts_tensor *>(values[i].p));
    if (values[i].tag == TS_TAG_OBJECT) ts_object_free(static_cast<ts_object *>(values[i].p));
  }
}

}  // namespace torchgo

void ts_values_read(const ts_values *v, const ts_value **data, size_t *n) noexcept {
  *data = v->values.data();
  *n = v->values.size();
}

void ts_values_free(ts_values *v) noexcept { delete v; }
