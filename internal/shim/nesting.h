// How deep TorchScript source is nested.
#pragma once

#include <string>

namespace torchgo {

// check_nesting refuses source that libtorch's compiler, which walks it by
// recursion, could overflow the stack with: that would end the process.
void check_nesting(const std::string &source);

}  // namespace torchgo
