// A plugin that says OK and hands over nothing.
#include "table.hpp"
PLUGIN("no_table", *out_backend = nullptr)
