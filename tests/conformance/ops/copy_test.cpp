// load, store.
#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

TEST(load_then_store) {
  Case c("load, store");
  const uint32_t x = c.input({-1, 5, 7}), s = c.local({-1, 5, 7}), y = c.output({-1, 5, 7});
  c.op(ATH_OP_LOAD, {s, x});
  c.op(ATH_OP_STORE, {y, s});
  c.with_specials().within(0, 0).run();
}
