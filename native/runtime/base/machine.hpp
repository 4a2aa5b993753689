// What the machine has beside its CPU.
#pragma once

#include <cstdint>

namespace atheria {

struct MachineMemory {
  uint64_t bytes = 0;       // installed; 0 if the system does not tell
  uint64_t free_bytes = 0;  // nobody's now; 0 if the system does not tell
};

MachineMemory machine_memory();

}  // namespace atheria
