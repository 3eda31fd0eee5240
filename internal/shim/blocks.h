// The memory of large CPU tensors.
#pragma once

#include <cstddef>

namespace torchgo::blocks {

// take gives n bytes that begin on a cache line, and the word before them; nullptr where the system has none.
void *take(size_t n) noexcept;

// give takes them back.
void give(void *elements) noexcept;

// Held is what the blocks take, in bytes.
struct Held {
  size_t used;  // by tensors
  size_t idle;  // kept for the next ones
};

Held held() noexcept;

// settle gives back what was not needed lately, which every use of a block does as well.
void settle() noexcept;

// release gives all that is idle back to the system.
void release() noexcept;

}  // namespace torchgo::blocks
