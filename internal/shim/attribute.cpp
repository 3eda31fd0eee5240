// Attributes of modules, by path.
#include <ATen/core/class_type.h>

#include "module.h"
#include "state.h"
#include "value.h"

using namespace torchgo;

namespace {

// Place is an attribute: a slot of an object.
struct Place {
  ObjectRef object;
  std::string name;

  [[noreturn]] void missing(const std::string &path) const {
    std::string has;
    for (size_t i = 0; i < object->type()->numAttributes(); i++) has += (i > 0 ? ", " : "") + object->type()->getAttributeName(i);
    throw Refusal(TS_CODE_ARGUMENT, "there is no attribute " + path + "; " + object->type()->repr_str() + " has " + (has.empty() ? "none" : has));
  }
};

Place place_of(const ts_module *m, const std::string &path) {
  ObjectRef object = m->module._ivalue();
  size_t begin = 0;
  for (size_t dot; (dot = path.find('.', begin)) != std::string::npos; begin = dot + 1) {
    Place step{object, path.substr(begin, dot - begin)};
    auto slot = object->type()->findAttributeSlot(step.name);
    if (!slot || !object->getSlot(*slot).isObject()) step.missing(path);
    object = object->getSlot(*slot).toObject();
  }
  return {object, path.substr(begin)};
}

}  // namespace

ts_error *ts_module_attribute(const ts_module *m, const char *path, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Place place = place_of(m, path);
    auto slot = place.object->type()->findAttributeSlot(place.name);
    auto constant = place.object->type()->findConstantSlot(place.name);
    if (!slot && !constant) place.missing(path);
    *out = write_all([&](Writer &w) { w.value(slot ? place.object->getSlot(*slot) : place.object->type()->getConstant(*constant)); });
  });
}

ts_error *ts_module_set_attribute(ts_module *m, const char *path, const ts_value *in, size_t n) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    Place place = place_of(m, path);
    auto type = place.object->type();
    auto slot = type->findAttributeSlot(place.name);
    if (!slot && type->findConstantSlot(place.name)) throw Refusal(TS_CODE_ARGUMENT, std::string(path) + " is a constant of the class");
    if (!slot) place.missing(path);
    place.object->setSlot(*slot, Reader(in, n).next(type->getAttribute(*slot), path));
  });
}
