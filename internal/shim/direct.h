// Operators of the commonest forms, called as C++ would: no IValue is made, and
// no reference to a tensor is taken.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <memory>
#include <utility>

#include "value.h"

namespace torchgo {

// Direct is an operator that gives one new tensor or a view.
class Direct {
 public:
  virtual ~Direct() = default;

  // call returns false, without having called, unless every value is of the plain
  // kind that the operator takes there; the boxed call then says what is wrong.
  virtual bool call(const ts_value *in, size_t n, at::Tensor &out) const = 0;
};

// direct finds the form of an operator; null when it has none of those known here.
std::unique_ptr<const Direct> direct(const c10::OperatorHandle &op);

}  // namespace torchgo
