// A plugin that takes the name of a built-in backend.
#include "table.hpp"
PLUGIN("cpu", )
