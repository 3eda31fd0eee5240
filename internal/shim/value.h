// IValue trees as flat arrays of tagged values, in both directions.
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <deque>
#include <memory>
#include <vector>

#include "object.h"
#include "tensor.h"

struct ts_values {
  std::vector<ts_value> values;
  std::deque<std::string> strings;  // a deque: what values point to must not move
};

namespace torchgo {

// Deeper trees than this are refused, in both directions: they are walked by recursion.
constexpr int max_depth = 200;

// Reader makes IValues of a flat array, guided by the types that a schema
// expects: an IValue list has an element type, which the array does not tell.
class Reader {
 public:
  Reader(const ts_value *values, size_t n) : at(values), end(values + n) {}

  bool done() const { return at == end; }
  const ts_value *position() const { return at; }

  // skip passes over n values that were read otherwise.
  void skip(size_t n) { at += n; }

  // next reads one tree. where names it in errors.
  c10::IValue next(const c10::TypePtr &want, const std::string &where, int depth = 0);

 private:
  const ts_value &take();
  c10::IValue list(const c10::TypePtr &want, uint32_t n, const std::string &where, int depth);
  c10::IValue tuple(const c10::TypePtr &want, const ts_value &head, const std::string &where, int depth);
  c10::IValue dict(const c10::TypePtr &want, uint32_t n, const std::string &where, int depth);

  const ts_value *at;
  const ts_value *end;
};

// write_tensor makes v the tensor, None for one that is undefined.
void write_tensor(ts_value &v, at::Tensor t);

// Writer flattens IValues into the caller's array, and into one of its own when
// that is too small or strings must be kept.
class Writer {
 public:
  Writer(ts_value *out, size_t cap) : out(out), cap(cap) {}
  explicit Writer() : out(nullptr), cap(0), more(new ts_values) {}
  ~Writer();
  Writer(const Writer &) = delete;
  Writer &operator=(const Writer &) = delete;

  void value(const c10::IValue &v, int depth = 0);

  void put(uint32_t tag, uint32_t n = 0, int64_t i = 0);
  void tensor(at::Tensor t);
  void string(std::string s);
  void list(size_t n) { put(TS_TAG_LIST, size(n)); }
  void tuple(size_t n) { put(TS_TAG_TUPLE, size(n)); }
  void dict(size_t n) { put(TS_TAG_DICT, size(n)); }

  // finish hands everything over; NULL when it lies in the caller's array.
  ts_values *finish();

 private:
  static uint32_t size(size_t n);
  ts_value &add();
  void spill();
  void object(const c10::IValue &v, int depth);

  ts_value *out;
  size_t cap, used = 0;
  std::unique_ptr<ts_values> more;
  bool finished = false;
};

// write_all flattens what body writes into an array of its own.
template <class Body>
ts_values *write_all(Body &&body) {
  Writer w;
  body(w);
  return w.finish();
}

}  // namespace torchgo
