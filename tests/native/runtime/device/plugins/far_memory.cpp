// A plugin whose device has memory of its own.
#include "table.hpp"
PLUGIN("far_memory", (backend.memory_allocate = plugin::memory_allocate, backend.memory_free = plugin::memory_free,
                      backend.memory_upload = plugin::memory_upload, backend.memory_download = plugin::memory_download))
