// The oracle against itself: only that it runs, and that batches do not matter.
#include "../suite.hpp"

static const conformance::Backend reference("reference", {});
