// A plugin that can allocate and not copy.
#include "table.hpp"
PLUGIN("half_memory", backend.memory_allocate = plugin::memory_allocate)
