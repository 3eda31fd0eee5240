#include "module.h"

#include <caffe2/serialize/file_adapter.h>
#include <caffe2/serialize/istream_adapter.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstring>
#include <istream>
#include <optional>
#include <streambuf>

#include "call.h"
#include "device.h"
#include "nesting.h"


using namespace torchgo;

namespace {

// Bytes is a stream over memory that somebody else owns, without a copy of it.
class Bytes : public std::streambuf {
 public:
  Bytes(const char *data, size_t n) {
    char *p = const_cast<char *>(data);
    setg(p, p, p + n);
  }

 protected:
  pos_type seekoff(off_type off, std::ios_base::seekdir dir, std::ios_base::openmode) override {
    char *base = dir == std::ios_base::beg ? eback() : dir == std::ios_base::cur ? gptr() : egptr();
    if (off < eback() - base || off > egptr() - base) return pos_type(off_type(-1));
    setg(eback(), base + off, egptr());
    return gptr() - eback();
  }
  pos_type seekpos(pos_type pos, std::ios_base::openmode which) override { return seekoff(off_type(pos), std::ios_base::beg, which); }
};

// device_of finds the CUDA device of a module's tensors.
std::optional<c10::Device> device_of(const torch::jit::Module &m) {
  if (!cuda_in_use()) return {};
  for (const auto &t : m.parameters()) {
    if (t.is_cuda()) return t.device();
  }
  for (const auto &t : m.buffers()) {
    if (t.is_cuda()) return t.device();
  }
  return {};
}

// read loads an archive with all its extra files.
ts_module *read(std::shared_ptr<caffe2::serialize::ReadAdapterInterface> archive, c10::Device device) {
  caffe2::serialize::PyTorchStreamReader records(archive);
  torch::jit::ExtraFilesMap extra = prepare(records);
  auto module = torch::jit::load(archive, device, extra);
  return new ts_module{std::move(module), std::move(extra)};
}

}  // namespace

torch::jit::ExtraFilesMap torchgo::prepare(caffe2::serialize::PyTorchStreamReader &archive) {
  torch::jit::ExtraFilesMap extra;
  const std::string folder = "extra/";
  for (const std::string &record : archive.getAllRecords()) {
    if (record.rfind(folder, 0) == 0) extra[record.substr(folder.size())];
    if (record.rfind("code/", 0) != 0 || record.compare(record.size() - std::min<size_t>(record.size(), 3), 3, ".py") != 0) continue;
    auto [source, bytes] = archive.getRecord(record);
    check_nesting(std::string(static_cast<const char *>(source.get()), bytes));
  }
  return extra;
}

ts_error *ts_module_load(const char *path, int32_t device_type, int32_t device_index, ts_module **out) noexcept {
  return guard([&] {
    Calling calling(0);
    *out = read(std::make_shared<caffe2::serialize::FileAdapter>(path), device(device_type, device_index));
  });
}

ts_error *ts_module_load_bytes(const void *data, size_t bytes, int32_t device_type, int32_t device_index, ts_module **out) noexcept {
  return guard([&] {
    Calling calling(0);
    Bytes buffer(static_cast<const char *>(data), bytes);
    std::istream stream(&buffer);
    *out = read(std::make_shared<caffe2::serialize::IStreamAdapter>(&stream), device(device_type, device_index));
  });
}

void ts_module_free(ts_module *m) noexcept { delete m; }

ts_error *ts_module_clone(const ts_module *m, ts_module **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    Calling calling(0);
    *out = new ts_module{m->module.deepcopy(), m->extra};
  });
}

ts_error *ts_module_train(ts_module *m, int32_t on) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    m->module.train(on != 0);
  });
}

ts_error *ts_module_methods(const ts_module *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    *out = write_all([&](Writer &w) {
      auto methods = m->module.get_methods();
      w.list(methods.size());
      for (const auto &method : methods) {
        const auto &schema = method.function().getSchema();
        w.tuple(4);
        w.string(method.name());
        w.string(c10::str(schema));
        const auto &arguments = schema.arguments();
        size_t self = arguments.empty() ? 0 : 1;
        w.list(arguments.size() - self);
        for (size_t i = self; i < arguments.size(); i++) {
          const auto &fallback = arguments[i].default_value();
          w.tuple(4);
          w.string(arguments[i].name());
          w.string(arguments[i].type()->repr_str());
          w.put(TS_TAG_BOOL, 0, fallback.has_value());
          w.value(fallback.value_or(c10::IValue()));
        }
        w.list(schema.returns().size());
        for (const auto &result : schema.returns()) w.string(result.type()->repr_str());
      }
    });
  });
}

ts_error *ts_module_method(const ts_module *m, const char *name, ts_method **out) noexcept {
  return guard([&] {
    check_not_null(m, "module");
    auto method = m->module.find_method(name);
    if (!method) throw Refusal(TS_CODE_NO_METHOD, "the module has no method " + std::string(name));
    if (auto *function = torch::jit::tryToGraphFunction(method->function())) {
      std::lock_guard<std::mutex> lock(executor_settings);
      function->get_executor();
    }
    *out = new ts_method(m->module, method->function(), device_of(m->module));
  });
}

void ts_method_free(ts_method *m) noexcept { delete m; }

ts_error *ts_method_call(const ts_method *m, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) noexcept {
  return guard([&] {
    check_not_null(m, "method");
    Calling calling(flags);
    Optimizing optimizing(flags);
    auto *replaced = (flags & TS_CALL_REPLACE) != 0 ? static_cast<ts_tensor *>(out[0].p) : nullptr;
    c10::IValue self(m->module._ivalue());
    c10::Stack stack = arguments(m->function->getSchema(), 1, in, n, &self);
    Lane lane(m->device ? m->device : on_cuda(stack), flags);
    if (optimizing.on) m->plan.run(*m->function, stack);
    else m->function->run(stack);
    lane.settle();
    *more = results(stack, out, cap);
    if (*more == nullptr && out[0].tag == TS_TAG_TENSOR) ts_tensor_free(replaced);
  }, TS_CODE_SCRIPT);
}
