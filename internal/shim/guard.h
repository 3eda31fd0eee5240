// What every function of the shim runs in: no exception leaves, no thread-local
// state of libtorch is left changed.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "zts_table.h"

struct ts_error {
  int32_t code;
  std::string message;
  std::string script;
  std::string native;
};

namespace torchgo {

// Refusal is thrown for what the shim itself will not pass on to libtorch.
class Refusal : public std::exception {
 public:
  Refusal(ts_code code, std::string message) : code(code), message(std::move(message)) {}
  const char *what() const noexcept override { return message.c_str(); }

  const ts_code code;

 private:
  std::string message;
};

// caught turns the exception in flight into a ts_error. plain is the code of
// those whose type says no more than that something went wrong: what that is,
// the place knows. TorchScript's interpreter, for one, rethrows everything as
// std::runtime_error, with a traceback in the text.
ts_error *caught(ts_code plain) noexcept;

// guard runs body and gives what it threw. Every function that returns a
// ts_error consists of one call of it.
template <class Body>
ts_error *guard(Body &&body, ts_code plain = TS_CODE_RUNTIME) noexcept {
  try {
    body();
    return nullptr;
  } catch (...) {
    return caught(plain);
  }
}

// check_not_null refuses a NULL handle, which is how a caller's bug would look.
inline void check_not_null(const void *handle, const char *what) {
  if (handle == nullptr) throw Refusal(TS_CODE_ARGUMENT, std::string("no ") + what + " given (nil)");
}

}  // namespace torchgo
