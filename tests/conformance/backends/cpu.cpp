// The cpu backend has every op.
#include "../suite.hpp"

static const conformance::Backend cpu("cpu", {});
