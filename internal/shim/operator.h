// Operators of the dispatcher, as Go holds them.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include "direct.h"

// Operators live as long as the process: their handles are kept for good, one
// for each name.
struct ts_operator {
  c10::OperatorHandle handle;
  std::unique_ptr<const torchgo::Direct> direct;  // null: it is called with boxes
  bool writes;                                    // to arguments
};
