// Graphs with all calls inlined, to be looked through.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <memory>
#include <string>

#include "value.h"

namespace torchgo {

// Origin is the place in the source that a node came from, in the Python source
// where the file remembers it.
struct Origin {
  std::string file, text;  // text: the whole line
  int64_t line = 0;

  explicit Origin(const torch::jit::Node *n);
};

// inlined copies a function's graph and puts in what it calls; NULL for what is
// no TorchScript function.
std::shared_ptr<torch::jit::Graph> inlined(torch::jit::Function &f);

// each_node visits the nodes in order, those in inner blocks and graphs too. The
// visited node may be removed.
void each_node(torch::jit::Block *block, const std::function<void(torch::jit::Node *)> &visit);

// write_row writes (method, subject, operator, file, line, source text).
void write_row(Writer &w, const std::string &method, const std::string &subject, const torch::jit::Node *n);

}  // namespace torchgo
