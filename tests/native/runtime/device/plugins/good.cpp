// A plugin with nothing wrong.
#include "table.hpp"
PLUGIN("good", )
