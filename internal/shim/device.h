// Devices: the CPU, and CUDA where its libraries and a GPU are there.
#pragma once

#include <c10/core/Device.h>

#include "guard.h"

namespace torchgo {

// device checks that the device is there, loading the CUDA libraries if it has
// to; it throws a Refusal that says what is missing.
c10::Device device(int32_t type, int32_t index);

}  // namespace torchgo
