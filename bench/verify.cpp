// What a C++ program does to answer cmd/verify's question in its simplest form: loads the scripted file,
// fills its structure from the state_dict, runs both and compares.
//
// usage: bench_verify model_scripted.pt model_state.pt x.npy
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/unpickler.h>
#include <torch/script.h>

#include <algorithm>
#include <cstring>
#include <iostream>
#include <string_view>

#include "npy.h"

// Reads a state_dict that Python saved. torch::pickle_load makes None of it, since it knows OrderedDict
// only as the empty dict of hooks: so the pickle is changed to put that None into a dict first, and ended
// before the BUILD of the attribute _metadata.
static c10::impl::GenericDict read_state_dict(const std::string& path) {
  using namespace std::string_view_literals;
  caffe2::serialize::PyTorchStreamReader reader(path);
  auto [bytes, size] = reader.getRecord("data.pkl");
  std::string pickle(static_cast<const char*>(bytes.get()), size);

  const auto made = "ccollections\nOrderedDict\nq\0)Rq\1"sv;
  const size_t at = pickle.find(made);
  if (at != std::string::npos) {
    const size_t attributes = pickle.rfind("X\t\0\0\0_metadata"sv);
    if (at != 2 || attributes == std::string::npos) throw std::runtime_error(path + ": not a state_dict");
    pickle.replace(pickle.rfind('}', attributes), std::string::npos, ".");  // STOP
    pickle.replace(at + made.size() - 2, 2, "s");                            // SETITEM for BINPUT: {"": None}
    pickle.insert(at, "}X\0\0\0\0"sv);                                       // EMPTY_DICT BINUNICODE ""
  }

  size_t read = 0;
  torch::jit::Unpickler unpickler(
      [&](char* to, size_t n) {
        n = std::min(n, pickle.size() - read);
        std::memcpy(to, pickle.data() + read, n);
        read += n;
        return n;
      },
      [](const c10::QualifiedName& name) -> c10::StrongTypePtr {
        throw std::runtime_error("unexpected class " + name.qualifiedName());
      },
      nullptr, [&](const std::string& name) { return std::get<0>(reader.getRecord("data/" + name)); }, at::kCPU);
  return unpickler.parse_ivalue().toGenericDict();
}

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: bench_verify model_scripted.pt model_state.pt x.npy\n";
    return 2;
  }
  c10::InferenceMode guard;
  torch::jit::Module scripted = torch::jit::load(argv[1], at::kCPU);
  scripted.eval();
  const auto state_dict = read_state_dict(argv[2]);
  const at::Tensor x = read_npy(argv[3]);

  torch::jit::Module filled = scripted.deepcopy();
  for (const auto& parameter : filled.named_parameters()) {
    parameter.value.copy_(state_dict.at(parameter.name).toTensor());
  }
  const at::Tensor want = scripted.forward({x}).toTensor();
  const at::Tensor got = filled.forward({x}).toTensor();
  const bool same = at::allclose(got, want);
  std::cout << "SAME? state_dict: " << (same ? "True" : "False") << "   max |d| "
            << (got - want).abs().max().item<double>() << "\n";
  return same ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << "bench_verify: " << e.what() << "\n";
  return 2;
}
