// The memory of large CPU tensors.
#pragma once

#include <cstddef>

namespace torchgo::blocks {

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
