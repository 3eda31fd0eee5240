#include <ATen/ATen.h>
#include <torch/csrc/jit/frontend/error_report.h>
#include <torch/csrc/jit/runtime/jit_exception.h>

#include <new>
#include <stdexcept>

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

// from_script takes the interpreter's text apart: the traceback, and behind it
// the line with the class name and message of the exception that it replaced.
ts_error *from_script(const std::string &text) {
  ts_error *e = make(TS_CODE_SCRIPT, text);
  size_t begin = text.find("Traceback of TorchScript");
  if (begin == std::string::npos) return e;
  // The message follows the last line of the traceback, which is indented.
  size_t at = begin, line = begin;
  while (line < text.size()) {
    size_t end = text.find('\n', line);
    if (end == std::string::npos) end = text.size();
    bool traceback = end == line || text[line] == ' ' || text.compare(line, 9, "Traceback") == 0;
    if (traceback) at = end + 1;
    else break;
    line = end + 1;
  }
  if (at >= text.size()) return e;
  e->script = text.substr(begin, at - begin);
  std::string message = text.substr(at);
  for (const char *name : {"RuntimeError: ", "torch.jit.Error: "}) {
    if (message.rfind(name, 0) == 0) message.erase(0, std::string(name).size());
  }
  // An Error that crossed the interpreter carries its C++ frames in the text.
  size_t frames = message.find("\nException raised from ");
  if (frames != std::string::npos) {
    e->native = message.substr(frames + 1);
    message.erase(frames);
  }
  e->message = std::move(message);
  return e;
}

}  // namespace

ts_error *caught(bool in_script) noexcept {
  try {
    try {
      throw;
    } catch (const Refusal &e) {
      return make(e.code, std::string(e.what()));
    } catch (const torch::jit::ErrorReport &e) {
      return make(TS_CODE_COMPILE, std::string(e.what()));
    } catch (const torch::jit::JITException &e) {
      return from_script(e.what());
    } catch (const c10::OutOfMemoryError &e) {
      return make(TS_CODE_OUT_OF_MEMORY, e);
    } catch (const c10::IndexError &e) {
      return make(TS_CODE_INDEX, e);
    } catch (const c10::ValueError &e) {
      return make(TS_CODE_VALUE, e);
    } catch (const c10::TypeError &e) {
      return make(TS_CODE_TYPE, e);
    } catch (const c10::NotImplementedError &e) {
      ts_error *err = make(TS_CODE_NOT_IMPLEMENTED, e);
      if (in_script) {
        ts_error *script = from_script(err->message);
        err->message = std::move(script->message);
        err->script = std::move(script->script);
        delete script;
      }
      return err;
    } catch (const c10::LinAlgError &e) {
      return make(TS_CODE_LINALG, e);
    } catch (const c10::Error &e) {
      return make(TS_CODE_RUNTIME, e);
    } catch (const std::bad_alloc &) {
      return make(TS_CODE_OUT_OF_MEMORY, std::string("out of memory"));
    } catch (const std::out_of_range &e) {
      return make(TS_CODE_INDEX, std::string(e.what()));
    } catch (const std::exception &e) {
      return in_script ? from_script(e.what()) : make(TS_CODE_RUNTIME, std::string(e.what()));
    } catch (...) {
      return make(TS_CODE_UNKNOWN, std::string("an exception of an unknown type"));
    }
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
