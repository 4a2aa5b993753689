// The metal backend has every op. Under the emulated Metal it is the kernels' host dialect that is tested, not a GPU.
#include "../suite.hpp"

static const conformance::Backend metal("metal", {});
