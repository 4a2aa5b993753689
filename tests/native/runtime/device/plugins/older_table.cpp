// A plugin of a time before the optional slots: shorter, and still right. What lies behind the end must not be read.
#include "table.hpp"
PLUGIN("older_table", (backend.struct_bytes = offsetof(ath_backend, memory_allocate), backend.memory_allocate = plugin::memory_allocate))
