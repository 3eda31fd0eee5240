// How long a call takes, without the way in and out of it.
#include <c10/core/Event.h>

#include <chrono>

#include "call.h"
#include "module.h"

namespace torchgo {
namespace {

// between gives the milliseconds from one event to another; libtorch 2.4 has events
// that cannot tell.
template <class E>
auto between(const E &from, const E &to, int) -> decltype(double(from.elapsedTime(to))) {
  return from.elapsedTime(to);
}
template <class E>
double between(const E &, const E &, long) {
  throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch cannot tell the time between two events");
}

// Watch measures from when it is made until read. Work of a device is timed by the
// device itself, where libtorch can: the host would also time how long it takes to
// hear of the end.
class Watch {
 public:
  explicit Watch(std::optional<c10::Stream> on) : stream(on) {
    if (stream) {
      from.emplace(stream->device_type(), c10::EventFlag::BACKEND_DEFAULT);
      to.emplace(stream->device_type(), c10::EventFlag::BACKEND_DEFAULT);
      from->record(*stream);
    }
    begun = std::chrono::steady_clock::now();
  }

  // stop is called when everything was given to the device, read when it is done.
  void stop() {
    if (stream) to->record(*stream);
  }

  void read(double *seconds, int32_t *clock) const {
    *seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    *clock = TS_CLOCK_HOST;
    if (!stream) return;
    try {
      *seconds = between(*from, *to, 0) / 1000;
      *clock = TS_CLOCK_DEVICE;
    } catch (const std::exception &) {
      // The device's guard of an older libtorch lacks it: the host's time stands.
    }
  }

 private:
  std::optional<c10::Stream> stream;
  std::optional<c10::Event> from, to;
  std::chrono::steady_clock::time_point begun;
};

}  // namespace
}  // namespace torchgo

using namespace torchgo;

ts_error *ts_method_time(const ts_method *m, const ts_value *in, size_t n, uint32_t flags, double *seconds, int32_t *clock) noexcept {
  return guard([&] {
    check_not_null(m, "method");
    Calling calling(flags);
    Optimizing optimizing(flags);
    c10::IValue self(m->module._ivalue());
    c10::Stack stack = arguments(m->function->getSchema(), 1, in, n, &self);
    Lane lane(m->device ? m->device : on_cuda(stack), 0);
    Watch watch(lane.stream());
    if (optimizing.on) m->plan.run(*m->function, stack);
    else m->function->run(stack);
    watch.stop();
    lane.settle();
    watch.read(seconds, clock);
  }, TS_CODE_SCRIPT);
}
