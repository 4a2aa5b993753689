// A plugin that refuses this runtime.
#include "table.hpp"
PLUGIN("refusing", return host->status_set(ATH_VERSION_MISMATCH, "plugin refusing 9 needs contract 7, this runtime has %u", host->abi_version))
