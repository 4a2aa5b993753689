// The rocm backend has every op. Under the emulated driver it is the kernels' host dialect that is tested, not a GPU.
#include "../suite.hpp"

static const conformance::Backend rocm("rocm", {});
