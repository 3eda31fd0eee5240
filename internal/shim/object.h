// Handles of objects: a ts_object is a c10::ivalue::Object.
#pragma once

#include <ATen/core/ivalue.h>

#include "guard.h"

namespace torchgo {

using ObjectRef = c10::intrusive_ptr<c10::ivalue::Object>;

// release gives the reference that o holds to the receiver of the handle.
inline ts_object *release(ObjectRef o) { return reinterpret_cast<ts_object *>(o.release()); }

// borrow gives an object for the length of a call, with a reference of its own.
inline ObjectRef borrow(const ts_object *o) {
  check_not_null(o, "object");
  return ObjectRef::unsafe_reclaim_from_nonowning(reinterpret_cast<c10::ivalue::Object *>(const_cast<ts_object *>(o)));
}

}  // namespace torchgo
