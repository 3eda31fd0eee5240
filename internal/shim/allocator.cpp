// libtorch's allocator for CPU tensors: large ones lie in blocks, small ones where malloc puts them. The word before the
// elements tells which, so that one function frees both.
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "blocks.h"

namespace torchgo {
namespace {

// From here on malloc maps blocks of their own, unless it has learnt not to.
constexpr size_t large = 128 << 10;
// More than any machine has.
constexpr size_t absurd = size_t{1} << 46;

// As libtorch wants elements to begin: on a cache line.
constexpr size_t alignment = 64;

// word is what stands before the elements: the address that malloc gave, or nullptr for a block.
void *&word(void *elements) { return static_cast<void **>(elements)[-1]; }

void free_elements(void *elements) {
  if (elements == nullptr) return;
  if (void *whole = word(elements); whole != nullptr) {
    std::free(whole);
  } else {
    blocks::give(elements);
  }
}

// libtorch's own uses posix_memalign, which goes past malloc's cache for the thread and takes the lock of an arena.
void *small(size_t n) {
  void *whole = std::malloc(n + alignment);
  if (whole == nullptr) return nullptr;
  auto *elements = reinterpret_cast<void *>((reinterpret_cast<uintptr_t>(whole) + alignment) / alignment * alignment);
  word(elements) = whole;
  return elements;
}

class Allocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t n) override {
    if (n == 0) return {nullptr, c10::kCPU};
    void *elements = nullptr;
    if (n < large) {
      elements = small(n);
    } else if (n < absurd && (elements = blocks::take(n)) != nullptr) {
      word(elements) = nullptr;
    }
    if (elements == nullptr) {
      c10::free_cpu(c10::alloc_cpu(n));  // which has the error for it
      throw std::bad_alloc();
    }
    return {elements, elements, free_elements, c10::kCPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return free_elements; }
  void copy_data(void *to, const void *from, size_t n) const override { default_copy_data(to, from, n); }
};

// AddressSanitizer sees what goes wrong in memory that was asked for as it is needed.
#ifndef __SANITIZE_ADDRESS__
const bool installed = [] {
  c10::SetCPUAllocator(new Allocator);  // which is needed for as long as there are tensors
  return true;
}();
#endif

}  // namespace
}  // namespace torchgo
