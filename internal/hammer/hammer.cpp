// Calls a shim's table from many threads at once, without Go: cgo orders the calls it makes for the thread
// sanitizer, so that a race between two of them would not show in a Go program. scripts/sanitize builds this and
// a shim with -fsanitize=thread and runs it.
//
// usage: hammer libtorchgo.so model_scripted.pt threads seconds [--race]
//
// The model takes one float32 tensor [1, 4]. Each thread checks that shared modules give it what they give alone.
// --race breaks the contract on purpose, giving several calls one place for their results: a sanitizer that stays
// silent then would stay silent always.
#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "zts_table.h"

namespace {

const ts_table *table;
std::atomic<long> calls{0};

[[noreturn]] void die(const std::string &why) {
  std::fprintf(stderr, "hammer: %s\n", why.c_str());
  std::_Exit(2);
}

std::string text(ts_error *e) {
  ts_error_info info;
  table->error_read(e, &info);
  std::string message = info.message;
  table->error_free(e);
  return message;
}

void good(ts_error *e) {
  calls++;
  if (e != nullptr) die(text(e));
}

void bad(ts_error *e, const char *what) {
  calls++;
  if (e == nullptr) die(std::string(what) + " was not refused");
  if (text(e).empty()) die(std::string(what) + " was refused without a word");
}

const float row[] = {1, 2, 3, 4};
constexpr int32_t float32 = 6;  // c10::ScalarType::Float

ts_tensor *make(int64_t rows, int64_t columns) {
  ts_tensor *t;
  const int64_t shape[] = {rows, columns};
  good(table->tensor_new(row, sizeof row, shape, 2, float32, &t));
  return t;
}

ts_value argument(ts_tensor *t) { return {TS_TAG_TENSOR, 0, t, 0, 0, 0}; }

// forward gives the two floats that the model makes of row.
std::vector<float> forward(const ts_method *method, ts_tensor *x, uint32_t flags) {
  ts_value in = argument(x), out[2];
  ts_values *more = nullptr;
  good(table->method_call(method, &in, 1, flags, out, 2, &more));
  if (more != nullptr || out[0].tag != TS_TAG_TENSOR) die("forward gave something else than a tensor");
  auto *y = static_cast<ts_tensor *>(out[0].p);
  std::vector<float> values(2);
  good(table->tensor_bytes(y, values.data(), sizeof(float) * values.size()));
  table->tensor_free(y);
  return values;
}

void drop(ts_values *values) {
  const ts_value *data;
  size_t n;
  table->values_read(values, &data, &n);
  for (size_t i = 0; i < n; i++) {
    if (data[i].tag == TS_TAG_TENSOR) table->tensor_free(static_cast<ts_tensor *>(data[i].p));
  }
  table->values_free(values);
}

struct Shared {
  ts_module *module;
  ts_method *method;
  ts_tensor *x;
  std::string bytes;  // of the model's file
  std::vector<float> expected;
};

// once does one thing that a Go program could do at any moment.
void once(const Shared &shared, unsigned what) {
  switch (what % 14) {
    case 0:
    case 1:
    case 2:
      if (forward(shared.method, shared.x, 0) != shared.expected) die("a shared module gave another result");
      break;
    case 3: {
      ts_tensor *x = make(1, 4);
      if (forward(shared.method, x, TS_CALL_NO_OPTIMIZE) != shared.expected) die("the plain graph gave another result");
      table->tensor_free(x);
      break;
    }
    case 4: {
      ts_tensor *wrong = make(2, 2);
      ts_value in = argument(wrong), out[2];
      ts_values *more = nullptr;
      bad(table->method_call(shared.method, &in, 1, 0, out, 2, &more), "a wrong shape");
      table->tensor_free(wrong);
      break;
    }
    case 5: {
      const ts_operator *add;
      good(table->operator_find("aten::add", "Tensor", &add));
      ts_value in[] = {argument(shared.x), argument(shared.x)}, out[2];
      ts_values *more = nullptr;
      good(table->operator_call(add, in, 2, 0, out, 2, &more));
      table->tensor_free(static_cast<ts_tensor *>(out[0].p));
      bad(table->operator_find("aten::no_such_operator", "", &add), "an unknown operator");
      break;
    }
    case 6: {
      ts_method *method;
      good(table->module_method(shared.module, "forward", &method));
      if (forward(method, shared.x, 0) != shared.expected) die("a second handle gave another result");
      table->method_free(method);
      bad(table->module_method(shared.module, "backward", &method), "an unknown method");
      break;
    }
    case 7: {
      ts_module *own;
      ts_method *method;
      good(table->module_load_bytes(shared.bytes.data(), shared.bytes.size(), TS_DEVICE_CPU, 0, &own));
      good(table->module_method(own, "forward", &method));
      table->module_free(own);  // the method keeps it
      if (forward(method, shared.x, 0) != shared.expected) die("a module of one's own gave another result");
      table->method_free(method);
      break;
    }
    case 8: {
      ts_module *copy;
      good(table->module_clone(shared.module, &copy));
      good(table->module_train(copy, 0));
      table->module_free(copy);
      break;
    }
    case 9: {
      ts_module *frozen;
      good(table->module_freeze(shared.module, 1, &frozen));
      table->module_free(frozen);
      break;
    }
    case 10: {
      ts_module *compiled;
      good(table->module_compile("def twice(self, x):\n    return x + x\n", &compiled));
      table->module_free(compiled);
      bad(table->module_compile("def twice(self, x):\n    return nothing\n", &compiled), "source with an error");
      break;
    }
    case 11: {
      ts_values *values;
      good(table->module_tensors(shared.module, &values));
      drop(values);
      good(table->module_methods(shared.module, &values));
      drop(values);
      break;
    }
    case 12: {
      ts_build_info build;
      ts_device_info devices;
      int32_t width;
      good(table->build_read(&build));
      good(table->device_read(TS_DEVICE_CUDA, &devices));
      good(table->threads_read(&width));
      good(table->threads_set(1));
      break;
    }
    case 13: {
      static float storage[4] = {1, 2, 3, 4};
      static std::atomic<uint64_t> token{0};
      const int64_t shape[] = {1, 4}, strides[] = {4, 1};
      ts_tensor *mapped;
      good(table->tensor_map(storage, sizeof storage, shape, strides, 2, 0, float32, ++token, &mapped));
      if (forward(shared.method, mapped, 0) != shared.expected) die("memory of another owner gave another result");
      table->tensor_free(mapped);
      uint64_t released[4];
      table->tensor_released(released, 4);
      break;
    }
  }
}

// race lets several calls write to the same place, which no caller may do.
void race(const Shared &shared, int threads) {
  ts_tensor_info same;
  std::vector<std::thread> readers;
  for (int i = 0; i < threads; i++) readers.emplace_back([&] { good(table->tensor_read(shared.x, &same)); });
  for (auto &r : readers) r.join();
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 5) die("usage: hammer libtorchgo.so model_scripted.pt threads seconds [--race]");
  void *library = dlopen(argv[1], RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) die(dlerror());
  auto get = reinterpret_cast<const ts_table *(*)(uint32_t)>(dlsym(library, "ts_get_table"));
  if (get == nullptr || (table = get(TS_ABI)) == nullptr) die(std::string(argv[1]) + " is no shim of this version");
  const int threads = std::atoi(argv[3]);

  Shared shared;
  std::ifstream file(argv[2], std::ios::binary);
  shared.bytes.assign(std::istreambuf_iterator<char>(file), {});
  good(table->module_load(argv[2], TS_DEVICE_CPU, 0, &shared.module));
  good(table->module_method(shared.module, "forward", &shared.method));
  shared.x = make(1, 4);
  if (argc > 5 && std::strcmp(argv[5], "--race") == 0) {
    race(shared, threads);
    return 0;
  }
  // From a second module: the shared one meets its first, profiling runs in the threads.
  ts_module *alone;
  ts_method *method;
  good(table->module_load(argv[2], TS_DEVICE_CPU, 0, &alone));
  good(table->module_method(alone, "forward", &method));
  shared.expected = forward(method, shared.x, 0);
  table->method_free(method);
  table->module_free(alone);

  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[4]));
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; i++) {
    workers.emplace_back([&, i] {
      std::mt19937 next(i);
      while (std::chrono::steady_clock::now() < end) once(shared, next());
    });
  }
  for (auto &w : workers) w.join();
  table->tensor_free(shared.x);
  table->method_free(shared.method);
  table->module_free(shared.module);
  std::printf("hammer: %ld calls from %d threads\n", calls.load(), threads);
}
