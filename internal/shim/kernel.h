// What a straight-line forward is made of.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "value.h"

namespace torchgo {

// Workspace is what one call works with: a register for each value of the graph, and the tensors that calls leave
// behind for later ones.
struct Workspace {
  std::vector<c10::IValue> registers;
  std::vector<at::Tensor> kept;
  c10::Stack stack;
};

// Operand is an input of a kernel; last, if no later one needs it.
struct Operand {
  size_t at;
  bool last;
};

// Kernel computes what one node of a graph does.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void run(Workspace &w) const = 0;
};

// Place says where an unboxed kernel may put its result.
struct Place {
  bool over = false;            // over its first input, which nobody else needs
  std::optional<size_t> keeps;  // in a tensor that is kept for the next call; else in a new one
};

// has_unboxed tells whether unboxed knows the node. Its result is always new.
bool has_unboxed(const torch::jit::Node *n);

// works_in_place tells whether the kernel of such a node may write over its first input.
bool works_in_place(const torch::jit::Node *n);

// unboxed makes the kernel of a node that calls what the dispatcher would call, on CPU tensors of the common kind,
// and leaves all else to boxed.
std::unique_ptr<const Kernel> unboxed(const torch::jit::Node *n, std::vector<Operand> in, size_t out, Place place, std::unique_ptr<const Kernel> boxed);

}  // namespace torchgo
