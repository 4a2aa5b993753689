// transpose: the last two axes.
#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

TEST(transpose) {
  for (const int64_t rows : {1, 5, 16, 33})
    for (const int64_t columns : {1, 7, 48}) {
      Case c("transpose " + std::to_string(rows) + "x" + std::to_string(columns));
      const uint32_t x = c.input({-1, rows, columns}), y = c.output({-1, columns, rows});
      c.op(ATH_OP_TRANSPOSE, {y, x});
      c.within(0, 0).run(3);
    }
}
