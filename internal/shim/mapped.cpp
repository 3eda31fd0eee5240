// Modules whose tensors stay where they are in a mapped file.
//
// libtorch's loader takes storages from elsewhere where TorchScript lies in a torch.package. So the file is shown to
// it as one: its code and its pickled tree under the names that a package has, and no tensors.
#include <caffe2/serialize/file_adapter.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/csrc/jit/serialization/import_read.h>
#include <torch/csrc/jit/serialization/pickler.h>
#include <torch/csrc/jit/serialization/storage_context.h>

#include <cstring>
#include <sstream>

#include "call.h"
#include "module.h"
#include "tensor.h"

using caffe2::serialize::PyTorchStreamReader;
using caffe2::serialize::PyTorchStreamWriter;

namespace torchgo {
namespace {

// Lent is memory of the caller's, given back when the last storage in it goes.
struct Lent {
  explicit Lent(uint64_t token) : token(token) {}
  Lent(const Lent &) = delete;
  ~Lent() {
    if (token != 0) note_released(reinterpret_cast<void *>(token));
  }
  uint64_t token;
};

using Holder = std::shared_ptr<Lent>;

c10::Storage storage_in(const Holder &lent, uint64_t address, int64_t bytes) {
  auto *holder = new Holder(lent);
  return c10::Storage(c10::Storage::use_byte_size_t(), bytes,
                      c10::DataPtr(reinterpret_cast<void *>(address), holder, [](void *h) { delete static_cast<Holder *>(h); },
                                   c10::Device(c10::kCPU)),
                      nullptr, false);
}

[[noreturn]] void unlike(const std::string &why) { throw Refusal(TS_CODE_NOT_IMPLEMENTED, "cannot be loaded where it lies: " + why); }

// plain tells whether a constant can be pickled without the classes of the file.
bool plain(const c10::IValue &v) {
  return v.isTensor() || v.isNone() || v.isBool() || v.isInt() || v.isDouble() || v.isString() || v.isDevice();
}

// disguised writes what the loader reads of the file as a package would have it. Constants are numbered from 0 as
// the tensors of the tree are; they get names of their own, and their storages go to the context.
std::string disguised(PyTorchStreamReader &file, torch::jit::DeserializationStorageContext &storages) {
  std::string bytes;
  PyTorchStreamWriter writer([&](const void *data, size_t n) {
    bytes.append(static_cast<const char *>(data), n);
    return n;
  });
  writer.setMinVersion(file.version());
  auto copy = [&](const std::string &from, const std::string &to) {
    auto [data, n] = file.getRecord(from);
    writer.writeRecord(to, data.get(), n);
  };
  for (const std::string &record : file.getAllRecords()) {
    if (record.rfind("code/", 0) == 0) copy(record, ".data/ts_code/" + record);
  }
  copy("data.pkl", ".data/ts_code/0/data.pkl");

  const auto constants = torch::jit::readArchiveAndTensors("constants", "", "constants/", {}, {}, at::Device(at::kCPU), file);
  std::string pickled;
  size_t count = 0;
  torch::jit::Pickler pickler([&](const char *data, size_t n) { pickled.append(data, n); }, nullptr, nullptr, nullptr, [&](const at::Tensor &t) {
    const std::string name = "constant" + std::to_string(count++);
    storages.addStorage(name, t.storage());
    return name;
  });
  for (const auto &v : constants.toTuple()->elements()) {
    if (!plain(v)) unlike("it has constants of a class");
  }
  pickler.protocol();
  pickler.pushIValue(constants);
  pickler.stop();
  writer.writeRecord(".data/ts_code/0/constants.pkl", pickled.data(), pickled.size());
  writer.writeEndOfFile();
  return bytes;
}

}  // namespace
}  // namespace torchgo

using namespace torchgo;

ts_error *ts_module_map(const char *path, const char *names, const uint64_t *addresses, const int64_t *bytes, size_t n, uint64_t token, ts_module **out) noexcept {
  auto lent = std::make_shared<Lent>(token);
  ts_error *failure = guard([&] {
    Calling calling(0);
    PyTorchStreamReader file(std::make_unique<caffe2::serialize::FileAdapter>(path));
    if (file.hasRecord("model.json")) unlike("it is of an old format");
    torch::jit::ExtraFilesMap extra = prepare(file);
    for (auto &[name, content] : extra) {
      auto [data, size] = file.getRecord("extra/" + name);
      content.assign(static_cast<const char *>(data.get()), size);
    }
    auto storages = std::make_shared<torch::jit::DeserializationStorageContext>();
    std::istringstream package(disguised(file, *storages));
    auto reader = std::make_shared<PyTorchStreamReader>(&package);
    if (reader->version() != file.version()) unlike("this libtorch writes no version as old as its own");
    for (size_t i = 0; i < n; i++, names += std::strlen(names) + 1) storages->addStorage(names, storage_in(lent, addresses[i], bytes[i]));
    auto module = torch::jit::import_ir_module(std::make_shared<torch::jit::CompilationUnit>(), reader, storages, at::Device(at::kCPU), "0");
    *out = new ts_module{std::move(module), std::move(extra)};
  });
  if (failure != nullptr) lent->token = 0;  // the caller keeps the memory when the call fails
  return failure;
}
