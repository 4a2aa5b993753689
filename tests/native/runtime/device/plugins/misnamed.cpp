// A plugin whose file was renamed.
#include "table.hpp"
PLUGIN("another", )
