// qca_update: all flags, decay, and the three kinds of background.
#include <cstring>

#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

namespace {

enum class Background { zero, vector, cells };

void update(int64_t d, uint32_t flags, float gamma, Background background, bool nans = false) {
  Case c("qca_update d=" + std::to_string(d) + " flags " + std::to_string(flags) + " gamma " + std::to_string(gamma) + " background " +
         std::to_string(int(background)) + (nans ? " NaNs" : ""));
  const conformance::Shape cells = {-1, 40, 2 * d};
  const uint32_t psi = c.input(cells), delta = c.input(cells, -0.5, 0.5);
  const uint32_t sky = background == Background::zero ? ATH_NONE : background == Background::cells ? c.input(cells) : c.constant({2 * d});
  const uint32_t out = c.output(cells), activity = c.output({-1, 40});
  uint32_t bits;
  std::memcpy(&bits, &gamma, sizeof bits);
  c.op(ATH_OP_ATTR, {flags, bits, sky + 1, 0});  // ATH_NONE + 1 is 0: none
  c.op(ATH_OP_QCA_UPDATE, {out, activity, psi, delta});
  if (nans) c.with_nans();
  c.within(2e-6, 2e-6).run(3);
}

}  // namespace

TEST(flags_and_backgrounds) {
  for (const int64_t d : {1, 5, 8, 16})
    for (const uint32_t flags : {0u, 1u, 2u, 3u})
      for (const Background background : {Background::zero, Background::vector, Background::cells}) update(d, flags, 0, background);
}

TEST(decay) {
  for (const int64_t d : {3, 8}) update(d, 2, 0.01f, Background::cells);
}

// A cell of zeros has no direction to keep, and stays what it is.
TEST(a_cell_of_nothing_stays_nothing) {
  for (const int64_t d : {3, 8}) {
    Case c("qca_update of zeros d=" + std::to_string(d));
    const conformance::Shape cells = {-1, 40, 2 * d};
    const uint32_t psi = c.input(cells, 0, 0), delta = c.input(cells, 0, 0), out = c.output(cells), activity = c.output({-1, 40});
    c.op(ATH_OP_ATTR, {2, 0, 0, 0});
    c.op(ATH_OP_QCA_UPDATE, {out, activity, psi, delta});
    c.within(0, 0).run(2);
  }
}

// Wherever among the channels it is: the engine looks for a NaN in the activity alone.
TEST(a_nan_makes_its_cells_activity_a_nan) {
  for (const int64_t d : {1, 5, 8, 16, 40})
    for (const Background background : {Background::zero, Background::cells}) update(d, 0, 0, background, true);
  update(16, 3, 0.01f, Background::zero, true);
}
