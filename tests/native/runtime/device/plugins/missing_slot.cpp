// A plugin without op_execute.
#include "table.hpp"
PLUGIN("missing_slot", backend.op_execute = nullptr)
