// An allocator for large CPU tensors, in libtorch's place for it.
//
// malloc maps large blocks and unmaps them when they are freed, so that every step of a network pays anew for the pages of
// its activations; and what it keeps, it keeps once for each of its arenas, over which Go's threads spread. Here freed
// blocks are kept for the next tensor of about their size, whatever thread it is made on, as the allocators of GPUs do it.
// How much is kept follows from the use: tensors and idle blocks together may take what tensors alone took lately, and a
// quarter more, since blocks of one size do not serve for others.
#include "blocks.h"

#include <c10/core/CPUAllocator.h>
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

// From here on malloc maps blocks, unless it has learnt not to. What is smaller is left to it.
constexpr size_t large = 128 << 10;
// More than any machine has: the error is libtorch's.
constexpr size_t absurd = size_t{1} << 46;

// Block stands before the elements that it is for, which begin on a cache line.
struct alignas(64) Block {
  size_t size;     // of the mapping
  uintptr_t seal;  // by which a block is told from what malloc gave
  // While it is idle:
  uint64_t since;  // a number that grows with time
  Block *newer, *older;
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

// Lately are the last five to ten seconds, of which it tells the largest number that it was told.
class Lately {
 public:
  size_t most() const { return std::max(before, now); }
  void add(size_t n) {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    if (t.tv_sec >= since + seconds) {
      before = t.tv_sec >= since + 2 * seconds ? n : now;
      now = n;
      since = t.tv_sec;
    }
    now = std::max(now, n);
  }

 private:
  static constexpr time_t seconds = 5;
  time_t since = 0;
  size_t before = 0, now = 0;
};

class Allocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t n) override;
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void *to, const void *from, size_t n) const override { default_copy_data(to, from, n); }

  void take_back(void *elements);
  Held held() const {
    std::lock_guard<std::mutex> lock(mutex);
    return {used, idle};
  }
  void settle() {
    Unmapping unmapping;
    std::lock_guard<std::mutex> lock(mutex);
    lately.add(used);
    shrink(bound(), unmapping);
  }
  void release() {
    Unmapping unmapping;
    std::lock_guard<std::mutex> lock(mutex);
    shrink(0, unmapping);
  }
  // One who forks holds the lock meanwhile, or the child could find it held for good.
  void lock() { mutex.lock(); }
  void unlock() { mutex.unlock(); }

 private:
  Block *block(size_t size);
  Block *kept(size_t size);
  void shrink(size_t most, Unmapping &unmapping);
  size_t bound() const {
    const size_t most = std::max(used, lately.most());
    return most + most / 4;
  }

  mutable std::mutex mutex;
  std::array<Stack, sizes> stacks;
  size_t used = 0, idle = 0;
  uint64_t turn = 0;
  Lately lately;
};

// Tensors in static variables of others are freed after everything here would be.
Allocator &allocator() {
  static auto *a = new Allocator;
  return *a;
}

uintptr_t seal_of(const Block *b) { return reinterpret_cast<uintptr_t>(b) ^ reinterpret_cast<uintptr_t>(&allocator()); }

// Before the elements that malloc gave stands something else, on the same page and so readable, that others may write to.
__attribute__((no_sanitize("thread"))) bool ours(void *elements) {
  const Block *b = static_cast<Block *>(elements) - 1;
  return reinterpret_cast<uintptr_t>(b) % 4096 == 0 && b->seal == seal_of(b);
}

c10::Allocator *small() { return c10::GetDefaultCPUAllocator(); }

c10::DataPtr Allocator::allocate(size_t n) {
  if (n < large || n > absurd) return small()->allocate(n);
  Block *b = block(rounded(n + sizeof(Block)));
  if (b == nullptr) return small()->allocate(n);  // which has the error for it
  void *elements = b + 1;
  return {elements, elements, [](void *e) { allocator().take_back(e); }, c10::Device(c10::kCPU)};
}

c10::DeleterFnPtr Allocator::raw_deleter() const {
  return [](void *elements) { ours(elements) ? allocator().take_back(elements) : small()->raw_deallocate(elements); };
}

Block *Allocator::block(size_t size) {
  Block *b = kept(size);
  if (b != nullptr) return b;
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
  b = new (mapped) Block{};
  b->size = size;
  b->seal = seal_of(b);
  return b;
}

// kept counts a block in, and gives it if there is an idle one; else it makes room for a new one.
Block *Allocator::kept(size_t size) {
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

void Allocator::take_back(void *elements) {
  Unmapping unmapping;
  std::lock_guard<std::mutex> lock(mutex);
  Block *b = static_cast<Block *>(elements) - 1;
  used -= b->size;
  idle += b->size;
  b->since = ++turn;
  stacks[index_of(b->size)].push(b);
  lately.add(used);
  shrink(bound(), unmapping);
}

// shrink unmaps what is idle for longest, until no more than so much is taken or nothing is idle.
void Allocator::shrink(size_t most, Unmapping &unmapping) {
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

// AddressSanitizer sees what goes wrong in malloc's blocks only.
#ifndef __SANITIZE_ADDRESS__
const bool installed = [] {
  pthread_atfork([] { allocator().lock(); }, [] { allocator().unlock(); }, [] { allocator().unlock(); });
  c10::SetCPUAllocator(&allocator());
  return true;
}();
#endif

}  // namespace

Held held() noexcept { return allocator().held(); }

void settle() noexcept { allocator().settle(); }

void release() noexcept { allocator().release(); }

}  // namespace torchgo::blocks
