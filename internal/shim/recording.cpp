// Runs of a method that stop at every step.
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "call.h"
#include "module.h"
#include "steps.h"

using namespace torchgo;

namespace {

// Abandoned ends a run that nobody looks at any more.
struct Abandoned : std::exception {
  const char *what() const noexcept override { return "the recording was closed"; }
};

// Handover passes the turn between a run and the caller who looks at it: one of them waits.
class Handover : public Observer {
 public:
  // show gives the turn to the caller until it wants the next step.
  void show(int64_t at, std::vector<c10::IValue> given) override {
    std::unique_lock lock(mutex);
    step = at;
    values = std::move(given);
    pass(lock, false);
    turned.wait(lock, [&] { return running; });
    if (abandoned) throw Abandoned();
  }

  // end gives the turn to the caller for good.
  void end(ts_error *failure, std::vector<c10::IValue> result) {
    std::unique_lock lock(mutex);
    step = -1;
    error = failure;
    values = std::move(result);
    pass(lock, false);
  }

  // next lets the run go on to its next step, -1 when it has ended.
  int64_t next(std::vector<c10::IValue> &shown, ts_error *&failure) {
    std::unique_lock lock(mutex);
    values.clear();
    pass(lock, true);
    turned.wait(lock, [&] { return !running; });
    shown = std::move(values);
    failure = error;
    error = nullptr;
    return step;
  }

  // begin waits for the first next.
  bool begin() {
    std::unique_lock lock(mutex);
    turned.wait(lock, [&] { return running || abandoned; });
    return !abandoned;
  }

  void abandon() {
    std::unique_lock lock(mutex);
    abandoned = true;
    values.clear();
    pass(lock, true);
  }

  ~Handover() override { ts_error_free(error); }

 private:
  void pass(std::unique_lock<std::mutex> &, bool to_run) {
    running = to_run;
    turned.notify_all();
  }

  std::mutex mutex;
  std::condition_variable turned;
  bool running = false, abandoned = false;
  int64_t step = -1;
  std::vector<c10::IValue> values;
  ts_error *error = nullptr;
};

}  // namespace

struct ts_recording {
  explicit ts_recording(const ts_method &m) : module(m.module), function(*m.function), device(m.device), steps(function, module._ivalue(), &handover) {}

  ~ts_recording() {
    if (!thread.joinable()) return;
    handover.abandon();
    thread.join();
  }

  // run is the body of the thread.
  void run(c10::Stack stack, uint32_t flags) noexcept {
    std::vector<c10::IValue> result;
    ts_error *error = guard([&] {
      if (!handover.begin()) throw Abandoned();
      Calling calling(flags);
      torch::jit::GraphOptimizerEnabledGuard optimize(false);
      Lane lane(device ? device : on_cuda(stack), flags);
      torch::jit::InterpreterState(torch::jit::Code(steps.graph, function.name())).run(stack);
      lane.settle();
      result = std::move(stack);
    }, TS_CODE_SCRIPT);
    handover.end(error, std::move(result));
  }

  Handover handover;
  torch::jit::Module module;  // keeps the function's owner alive
  torch::jit::Function &function;
  std::optional<c10::Device> device;  // of the module's tensors, when it is a CUDA device
  Steps steps;
  std::thread thread;
  bool ended = false;
};

ts_error *ts_recording_new(const ts_method *m, ts_recording **out) noexcept {
  return guard([&] {
    check_not_null(m, "method");
    *out = new ts_recording(*m);
  });
}

void ts_recording_free(ts_recording *r) noexcept { delete r; }

ts_error *ts_recording_start(ts_recording *r, const ts_value *in, size_t n, uint32_t flags) noexcept {
  return guard([&] {
    check_not_null(r, "recording");
    if (r->thread.joinable()) throw Refusal(TS_CODE_ARGUMENT, "the recording was started already");
    c10::IValue self(r->module._ivalue());
    auto stack = arguments(r->function.getSchema(), 1, in, n, &self);
    r->thread = std::thread([r, flags, stack = std::move(stack)]() mutable { r->run(std::move(stack), flags); });
  });
}

ts_error *ts_recording_next(ts_recording *r, int64_t *step, ts_values **out) noexcept {
  ts_error *failure = nullptr;
  ts_error *own = guard([&] {
    check_not_null(r, "recording");
    if (!r->thread.joinable() || r->ended) throw Refusal(TS_CODE_ARGUMENT, "the recording does not run");
    std::vector<c10::IValue> values;
    *step = r->handover.next(values, failure);
    r->ended = *step < 0;
    if (failure != nullptr) return;
    *out = write_all([&](Writer &w) {
      w.list(values.size());
      for (const auto &v : values) w.value(v);
    });
  });
  if (own != nullptr) ts_error_free(failure);
  return own != nullptr ? own : failure;
}

ts_error *ts_method_steps(const ts_method *m, ts_values **out) noexcept {
  return guard([&] {
    check_not_null(m, "method");
    Steps steps(*m->function, m->module._ivalue(), nullptr);
    *out = write_all([&](Writer &w) {
      w.list(steps.all.size());
      for (const auto &s : steps.all) {
        w.tuple(6);
        w.string(s.module);
        w.string(s.kind);
        w.string(s.origin.file);
        w.put(TS_TAG_INT, 0, s.origin.line);
        w.string(s.origin.text);
        w.dict(s.constants.size());
        for (const auto &c : s.constants) {
          w.string(c.first);
          w.value(c.second);
        }
      }
    });
  });
}
