// malloc maps large blocks and unmaps them when they are freed, so that every step of a network pays anew for the pages of
// its activations; and what it keeps, it keeps once for each of its arenas, over which Go's threads spread. Here freed
// blocks are kept for the next tensor of about their size, whatever thread it is made on, as the allocators of GPUs do it.
// How much is kept follows from the use: tensors and idle blocks together may take what tensors alone took lately at most,
// and, since blocks of one size do not serve for others, half as much more as that went up and down.
#include "blocks.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <new>

namespace torchgo::blocks {
namespace {

// Block stands before the elements that it is for.
struct alignas(64) Block {
  size_t size;  // of the mapping
  // While it is idle:
  uint64_t since;  // a number that grows with time
  Block *newer, *older;

  void *unused[3];
  void *word;  // before the elements, which is the caller's
};

// Stack holds the idle blocks of one size. The newest, whose pages may be in the processor's cache, is taken first.
struct Stack {
  Block *newest = nullptr, *oldest = nullptr;

  void push(Block *b) {
    b->newer = nullptr;
    b->older = newest;
    (newest == nullptr ? oldest : newest->newer) = b;
    newest = b;
  }
  Block *pop() {
    Block *b = newest;
    newest = b->older;
    (newest == nullptr ? oldest : newest->newer) = nullptr;
    return b;
  }
  Block *shift() {
    Block *b = oldest;
    oldest = b->newer;
    (oldest == nullptr ? newest : oldest->older) = nullptr;
    return b;
  }
};

// Sizes are rounded up to a multiple of an eighth of the power of two below them.
size_t step_below(size_t n) { return size_t{1} << (63 - __builtin_clzll(n) - 3); }

size_t rounded(size_t n) {
  const size_t step = step_below(n);
  return (n + step - 1) / step * step;
}

constexpr size_t sizes = 64 * 8;

size_t index_of(size_t rounded) {
  const size_t step = step_below(rounded);
  return static_cast<size_t>(__builtin_ctzll(step)) * 8 + (rounded / step - 8);
}

// Unmapping takes milliseconds, in which others must not wait for the lock: it is done at the end of a scope outside.
class Unmapping {
 public:
  ~Unmapping() {
    while (first != nullptr) {
      Block *b = first;
      first = b->older;
      munmap(b, b->size);
    }
  }
  void add(Block *b) {
    b->older = first;
    first = b;
  }

 private:
  Block *first = nullptr;
};

// Lately are the last five to ten seconds, of which it tells between what the numbers were that it was told.
class Lately {
 public:
  size_t most() const { return std::max(before.most, now.most); }
  size_t least() const { return std::min(before.least, now.least); }
  void add(size_t n) {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    if (t.tv_sec >= since + seconds) {
      before = t.tv_sec >= since + 2 * seconds ? Range{n, n} : now;
      now = {n, n};
      since = t.tv_sec;
    }
    now = {std::min(now.least, n), std::max(now.most, n)};
  }

 private:
  struct Range {
    size_t least, most;
  };
  static constexpr time_t seconds = 5;
  time_t since = 0;
  Range before{0, 0}, now{0, 0};
};

// Pool is where blocks come from, and wait for the next tensor.
class Pool {
 public:
  Block *take(size_t size);
  void give(Block *b);
  void settle();
  void release();
  Held held() const;
  // One who forks holds the lock meanwhile, or the child could find it held for good.
  void lock() { mutex.lock(); }
  void unlock() { mutex.unlock(); }

 private:
  Block *kept(size_t size);
  void shrink(size_t most, Unmapping &unmapping);
  size_t bound() const {
    const size_t most = std::max(used, lately.most());
    return most + (most - lately.least()) / 2;
  }

  mutable std::mutex mutex;
  std::array<Stack, sizes> stacks;
  size_t used = 0, idle = 0;
  uint64_t turn = 0;
  Lately lately;
};

Block *Pool::take(size_t size) {
  if (Block *b = kept(size); b != nullptr) return b;
  const auto map = [size] { return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); };
  void *mapped = map();
  if (mapped == MAP_FAILED) {
    release();
    mapped = map();
  }
  std::lock_guard<std::mutex> lock(mutex);
  if (mapped == MAP_FAILED) {
    used -= size;
    return nullptr;
  }
  lately.add(used);
  return new (mapped) Block{size};
}

// kept counts a block in, and gives it if there is an idle one; else it makes room for a new one.
Block *Pool::kept(size_t size) {
  Unmapping unmapping;
  std::lock_guard<std::mutex> lock(mutex);
  used += size;
  Stack &stack = stacks[index_of(size)];
  if (stack.newest == nullptr) {
    shrink(bound(), unmapping);
    return nullptr;
  }
  lately.add(used);
  idle -= size;
  return stack.pop();
}

void Pool::give(Block *b) {
  Unmapping unmapping;
  std::lock_guard<std::mutex> lock(mutex);
  used -= b->size;
  idle += b->size;
  b->since = ++turn;
  stacks[index_of(b->size)].push(b);
  lately.add(used);
  shrink(bound(), unmapping);
}

void Pool::settle() {
  Unmapping unmapping;
  std::lock_guard<std::mutex> lock(mutex);
  lately.add(used);
  shrink(bound(), unmapping);
}

void Pool::release() {
  Unmapping unmapping;
  std::lock_guard<std::mutex> lock(mutex);
  shrink(0, unmapping);
}

Held Pool::held() const {
  std::lock_guard<std::mutex> lock(mutex);
  return {used, idle};
}

// shrink unmaps what is idle for longest, until no more than so much is taken or nothing is idle.
void Pool::shrink(size_t most, Unmapping &unmapping) {
  while (idle > 0 && used + idle > most) {
    Stack *longest = nullptr;
    for (auto &stack : stacks) {
      if (stack.oldest != nullptr && (longest == nullptr || stack.oldest->since < longest->oldest->since)) longest = &stack;
    }
    Block *b = longest->shift();
    idle -= b->size;
    unmapping.add(b);
  }
}

// It is never destroyed: tensors in static variables of others are freed after everything here would be.
Pool &pool() {
  static Pool *p = [] {
    pthread_atfork([] { pool().lock(); }, [] { pool().unlock(); }, [] { pool().unlock(); });
    return new Pool;
  }();
  return *p;
}

}  // namespace

void *take(size_t n) noexcept {
  Block *b = pool().take(rounded(n + sizeof(Block)));
  return b == nullptr ? nullptr : b + 1;
}

void give(void *elements) noexcept { pool().give(static_cast<Block *>(elements) - 1); }

Held held() noexcept { return pool().held(); }

void settle() noexcept { pool().settle(); }

void release() noexcept { pool().release(); }

}  // namespace torchgo::blocks
