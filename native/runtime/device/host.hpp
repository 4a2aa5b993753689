// The table of what the runtime offers a plugin.
#pragma once

#include "atheria/backend.h"
#include "base/cpu.hpp"

namespace atheria {

// One per CPU level, alive as long as the process: plugins may keep the address.
const ath_host* host_for(CpuLevel level);

}  // namespace atheria
