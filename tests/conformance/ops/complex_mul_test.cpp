// complex_mul: channels are concat(Re, Im).
#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

TEST(complex_mul) {
  for (const int64_t d : {1, 3, 8, 16, 21}) {
    Case c("complex_mul d=" + std::to_string(d));
    const uint32_t a = c.input({-1, 5, 2 * d}), b = c.input({-1, 5, 2 * d}), y = c.output({-1, 5, 2 * d});
    c.op(ATH_OP_COMPLEX_MUL, {y, a, b});
    c.within(2e-6, 1e-6).run(3);
  }
}
