#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>

#include "guard.h"

// Libraries of operators. What they register, they register in static
// initialisers, and an exception there (a namespace that is taken, a schema
// that does not parse) either ends the process or passes through dlopen and
// leaves the loader's lock held. A library is opened in a child process first.

using namespace torchgo;

namespace {

constexpr std::chrono::seconds patience{60};

int verdict = -1;  // in the child: where to say what went wrong

void say(const char *text) {
  for (size_t left = strlen(text); left > 0;) {
    ssize_t n = write(verdict, text, left);
    if (n <= 0) break;
    text += n;
    left -= static_cast<size_t>(n);
  }
}

// tell is the child's terminate handler.
[[noreturn]] void tell() {
  try {
    if (auto thrown = std::current_exception()) std::rethrow_exception(thrown);
    say("std::terminate was called");
  } catch (const c10::Error &e) {
    say(e.what_without_backtrace());
  } catch (const std::exception &e) {
    say(e.what());
  } catch (...) {
    say("an exception of an unknown type");
  }
  _exit(1);
}

void *open_library(const char *path) {
  // All at once: a symbol that libtorch lacks would end the process when it is
  // first called. The shim's own search path serves the library's dependencies.
  return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

// attempt is all that the child does. Of the process it was forked from it has
// the memory, but none of the threads: no signal may enter Go's handlers, and no
// exception get past this function, which noexcept sends to tell.
[[noreturn]] void attempt(const char *path) noexcept {
  for (int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) signal(number, SIG_DFL);
  std::set_terminate(tell);
  if (open_library(path) == nullptr) {
    say(dlerror());
    _exit(1);
  }
  _exit(0);
}

// listen reads what the child says, until it ends; false if it does not end in time.
bool listen(int from, std::string &said) {
  auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd ready{from, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(left)) <= 0) continue;
    char buffer[4096];
    ssize_t n = read(from, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    said.append(buffer, static_cast<size_t>(n));
  }
}

// rehearse opens the library in a child and throws what went wrong there.
void rehearse(const char *path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Refusal(TS_CODE_RUNTIME, std::string("no pipe for a child process: ") + strerror(errno));
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    verdict = ends[1];
    attempt(path);
  }
  int failed = child < 0 ? errno : 0;
  close(ends[1]);
  if (failed) {
    close(ends[0]);
    throw Refusal(TS_CODE_RUNTIME, std::string("no child process to try it in: ") + strerror(failed));
  }
  std::string said;
  bool ended = listen(ends[0], said);
  close(ends[0]);
  if (!ended) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) throw Refusal(TS_CODE_RUNTIME, "its initialisers did not end within " + std::to_string(patience.count()) + " s");
  if (WIFSIGNALED(status)) throw Refusal(TS_CODE_RUNTIME, std::string("its initialisers died of the signal ") + strsignal(WTERMSIG(status)));
  if (status != 0) throw Refusal(TS_CODE_RUNTIME, said);
}

}  // namespace

ts_error *ts_library_open(const char *path) noexcept {
  return guard([&] {
    rehearse(path);
    if (open_library(path) == nullptr) throw Refusal(TS_CODE_RUNTIME, dlerror());
  });
}
