// What Metal's side of the driver tells the choice of a device.
#pragma once

#include "objective_c.hpp"

namespace atheria::gpu::metal {

// The default device, made once for the process; null if the machine has none, or before the driver was opened.
Object default_device();
const Runtime& opened_runtime();

// Codes of our own, beside those that gpu/driver.cpp knows of CUDA and HIP.
enum Code { kSuccess = 0, kInvalidValue = 1, kOutOfMemory = 2, kNoDevice = 100, kCompilation = 200, kNotFound = 201, kExecution = 700 };

// The last failure's own words on this thread.
const char* last_text();

}  // namespace atheria::gpu::metal
