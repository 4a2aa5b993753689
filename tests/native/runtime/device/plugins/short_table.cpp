// A plugin of a time when the table ended before op_execute.
#include "table.hpp"
PLUGIN("short_table", backend.struct_bytes = offsetof(ath_backend, op_execute))
