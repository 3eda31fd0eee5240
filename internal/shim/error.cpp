#include <ATen/ATen.h>
#include <torch/csrc/jit/frontend/error_report.h>
#include <torch/csrc/jit/runtime/jit_exception.h>

#include <new>
#include <stdexcept>

#include "device.h"
#include "guard.h"

namespace torchgo {
namespace {

// Given out when there is no memory left to describe an error; never freed.
ts_error exhausted{TS_CODE_OUT_OF_MEMORY, "out of memory", "", ""};

ts_error *make(ts_code code, std::string message, std::string native = {}) {
  return new ts_error{code, std::move(message), {}, std::move(native)};
}

ts_error *make(ts_code code, const c10::Error &e) {
  auto trace = e.backtrace();
  return make(code, std::string(e.what_without_backtrace()), trace ? trace->get() : std::string());
}

// split takes the text of TorchScript's interpreter apart: the traceback, and
// behind it a line with the class name and message of the exception that it
// replaced, which may carry C++ frames.
ts_error *split(ts_error *e) {
  const std::string text = std::move(e->message);
  size_t begin = text.find("Traceback of TorchScript");
  size_t at = begin == std::string::npos ? 0 : begin;
  // The message follows the last line of the traceback, which is indented.
  for (size_t line = at; begin != std::string::npos && line < text.size();) {
    size_t end = std::min(text.find('\n', line), text.size());
    if (end != line && text[line] != ' ' && text.compare(line, 9, "Traceback") != 0) break;
    at = line = end + 1;
  }
  if (at >= text.size()) at = 0;
  e->script = at > 0 ? text.substr(begin, at - begin) : "";
  e->message = text.substr(at);
  for (std::string name : {"RuntimeError: ", "torch.jit.Error: "}) {
    if (e->message.rfind(name, 0) == 0) e->message.erase(0, name.size());
  }
  size_t frames = e->message.find("\nException raised from ");
  if (frames != std::string::npos) {
    e->native = e->message.substr(frames + 1);
    e->message.erase(frames);
  }
  return e;
}

// describe gives the exception in flight a code by its type.
ts_error *describe() {
  try {
    throw;
  } catch (const Refusal &e) {
    return make(e.code, std::string(e.what()));
  } catch (const torch::jit::ErrorReport &e) {
    return make(TS_CODE_COMPILE, std::string(e.what()));
  } catch (const torch::jit::JITException &e) {
    return make(TS_CODE_SCRIPT, std::string(e.what()));
  } catch (const c10::OutOfMemoryError &e) {
    return make(TS_CODE_OUT_OF_MEMORY, e);
  } catch (const c10::IndexError &e) {
    return make(TS_CODE_INDEX, e);
  } catch (const c10::ValueError &e) {
    return make(TS_CODE_VALUE, e);
  } catch (const c10::TypeError &e) {
    return make(TS_CODE_TYPE, e);
  } catch (const c10::NotImplementedError &e) {
    return make(TS_CODE_NOT_IMPLEMENTED, e);
  } catch (const c10::LinAlgError &e) {
    return make(TS_CODE_LINALG, e);
  } catch (const c10::Error &e) {
    return make(TS_CODE_RUNTIME, e);
  } catch (const std::bad_alloc &) {
    return make(TS_CODE_OUT_OF_MEMORY, std::string("out of memory"));
  } catch (const std::out_of_range &e) {
    return make(TS_CODE_INDEX, std::string(e.what()));
  } catch (const std::exception &e) {
    return make(TS_CODE_RUNTIME, std::string(e.what()));
  } catch (...) {
    return make(TS_CODE_UNKNOWN, std::string("an exception of an unknown type"));
  }
}

}  // namespace

ts_error *caught(ts_code plain) noexcept {
  try {
    ts_error *e = describe();
    if (e->code == TS_CODE_RUNTIME) e->code = plain;
    if (e->code != TS_CODE_ARGUMENT && note_fault(e->message)) e->code = TS_CODE_FAULT;
    return plain == TS_CODE_SCRIPT && e->code != TS_CODE_ARGUMENT ? split(e) : e;
  } catch (...) {
    return &exhausted;
  }
}

}  // namespace torchgo

void ts_error_read(const ts_error *e, ts_error_info *out) noexcept {
  *out = {e->code, e->message.c_str(), e->script.c_str(), e->native.c_str()};
}

void ts_error_free(ts_error *e) noexcept {
  if (e != &torchgo::exhausted) delete e;
}
