// Modules made from modules, and from source text.
#include <torch/csrc/jit/api/module.h>

#include <mutex>
#include <sstream>

#include <unordered_map>
#include <unordered_set>

#include "module.h"
#include "nesting.h"
#include "state.h"
#include "value.h"

using namespace torchgo;

namespace {

// cast_slots converts the floating-point tensors that an object holds, however
// deep; a tensor that several places share stays shared.
class CastSlots {
 public:
  explicit CastSlots(at::ScalarType dtype) : dtype(dtype) {}

  void object(const c10::intrusive_ptr<c10::ivalue::Object> &o) {
    if (!seen.insert(o.get()).second) return;
    for (size_t i = 0; i < o->slots().size(); i++) o->setSlot(i, value(o->getSlot(i)));
  }

 private:
  c10::IValue value(const c10::IValue &v) {
    if (v.isTensor()) return tensor(v.toTensor());
    if (v.isObject()) {
      object(v.toObject());
    } else if (v.isTuple()) {
      std::vector<c10::IValue> elements;
      for (const auto &e : v.toTupleRef().elements()) elements.push_back(value(e));
      if (v.toTupleRef().type()->schema()) return c10::ivalue::Tuple::createNamed(std::move(elements), v.toTupleRef().type());
      return c10::ivalue::Tuple::create(std::move(elements));
    } else if (v.isTensorList() || v.isList()) {
      auto list = v.toList();
      for (size_t i = 0; i < list.size(); i++) list.set(i, value(list.get(i)));
    } else if (v.isGenericDict()) {
      auto dict = v.toGenericDict();
      for (const auto &e : dict) dict.insert_or_assign(e.key(), value(e.value()));
    }
    return v;
  }

  at::Tensor tensor(const at::Tensor &t) {
    if (!t.defined() || !t.is_floating_point() || t.scalar_type() == dtype) return t;
    auto [place, fresh] = made.try_emplace(t.unsafeGetTensorImpl());
    if (fresh) place->second = t.to(dtype);
    return place->second;
  }

  at::ScalarType dtype;
  std::unordered_set<const void *> seen;
  std::unordered_map<const void *, at::Tensor> made;
};

}  // namespace

torch::jit::Module torchgo::frozen_copy(const torch::jit::Module &m, bool optimize) {
  // A copy's types go into the compilation unit that it shares with its module, whose tables libtorch does not lock:
  // two copies made at once damage them. The thread sanitizer found that.
  static std::mutex copying;
  std::lock_guard<std::mutex> alone(copying);
  torch::jit::Module copy = m.clone();
  copy.eval();
  torch::jit::Module frozen = torch::jit::freeze(copy);
  return optimize ? torch::jit::optimize_for_inference(frozen) : frozen;
}

ts_error *ts_module_save(const ts_module *m, const char *path) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    m->module.save(path, m->extra);
  });
}

ts_error *ts_module_save_bytes(const ts_module *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    std::ostringstream archive;
    m->module.save(archive, m->extra);
    *out = write_all([&](Writer &w) { w.string(std::move(archive).str()); });
  });
}

ts_error *ts_module_share(const ts_module *m, ts_module **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    *out = new ts_module{m->module, m->extra};
  });
}

ts_error *ts_module_extra_files(const ts_module *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    *out = write_all([&](Writer &w) {
      w.dict(m->extra.size());
      for (const auto &file : m->extra) {
        w.string(file.first);
        w.string(file.second);
      }
    });
  });
}

ts_error *ts_module_set_extra_files(ts_module *m, const ts_value *in, size_t n) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    auto files = Reader(in, n).next(c10::DictType::create(c10::StringType::get(), c10::StringType::get()), "extra files");
    torch::jit::ExtraFilesMap extra;
    for (const auto &file : files.toGenericDict()) extra[file.key().toStringRef()] = file.value().toStringRef();
    m->extra = std::move(extra);
  });
}

ts_error *ts_module_freeze(const ts_module *m, int32_t optimize, ts_module **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    *out = new ts_module{frozen_copy(m->module, optimize != 0), m->extra};
  });
}

ts_error *ts_module_compile(const char *source, ts_module **out) noexcept {
  return guard([&] {
    Calling calling(0);
    check_nesting(source);
    torch::jit::Module module("Compiled");
    module.define(source);
    *out = new ts_module{std::move(module), {}};
  }, TS_CODE_COMPILE);
}

ts_error *ts_module_cast(const ts_module *m, int32_t dtype, ts_module **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    if (dtype < 0 || dtype >= static_cast<int32_t>(at::ScalarType::NumOptions) || !at::isFloatingType(static_cast<at::ScalarType>(dtype))) {
      throw Refusal(TS_CODE_TYPE, "a module can be cast to a floating-point dtype only");
    }
    Calling calling(0);
    torch::jit::Module copy = m->module.deepcopy();
    CastSlots(static_cast<at::ScalarType>(dtype)).object(copy._ivalue());
    *out = new ts_module{std::move(copy), m->extra};
  });
}
