// A plugin compiled with another version of the contract.
#include "table.hpp"
PLUGIN("old_contract", backend.abi_version = 999)
