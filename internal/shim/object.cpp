// Instances of TorchScript classes.
#include "object.h"

#include "module.h"

using namespace torchgo;

void ts_object_free(ts_object *o) noexcept {
  if (o != nullptr) ObjectRef::reclaim(reinterpret_cast<c10::ivalue::Object *>(o));
}

ts_error *ts_object_module(const ts_object *o, ts_module **out) noexcept {
  return guard([&] { *out = new ts_module{torch::jit::Module(borrow(o)), {}}; });
}
