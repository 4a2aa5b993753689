// Cutting an axis into runs, against a cell-by-cell mapping.
#include "domain.hpp"

#include <vector>

#include "../expect.hpp"

using namespace atheria::engine;

namespace {

void check(const Axis& axis, int64_t begin, int64_t length) {
  std::vector<AxisRun> runs;
  axis.cut(begin, length, runs);
  int64_t at = 0;
  for (const AxisRun& run : runs) {
    EXPECT_EQ(run.at, at);
    EXPECT(run.length > 0);
    for (int i = 0; i < run.length; ++i) {
      int64_t cell = begin + at + i;
      if (axis.kind() == ATH_DOMAIN_BOUNDED && (cell < 0 || cell >= axis.extent())) {
        EXPECT_EQ(run.tile, kOutside);
        continue;
      }
      if (axis.kind() == ATH_DOMAIN_PERIODIC) cell = ((cell % axis.extent()) + axis.extent()) % axis.extent();
      EXPECT(run.tile != kOutside);
      EXPECT_EQ(run.tile * kTileSide + run.offset + i, cell);
      EXPECT(run.offset >= 0 && run.offset + run.length <= kTileSide);
    }
    at += run.length;
  }
  EXPECT_EQ(at, length);
}

}  // namespace

TEST(runs_cover_the_span_cell_by_cell) {
  for (const int64_t begin : {-100, -17, -16, -1, 0, 5, 16, 47, 1000000}) {
    for (const int64_t length : {1, 2, 16, 18, 48, 130}) {
      check(Axis(ATH_DOMAIN_INFINITE, 0), begin, length);
      for (const int64_t extent : {1, 2, 5, 15, 16, 17, 33, 48, 100}) {
        check(Axis(ATH_DOMAIN_BOUNDED, extent), begin, length);
        check(Axis(ATH_DOMAIN_PERIODIC, extent), begin, length);
      }
    }
  }
}

TEST(neighbours_wrap_where_tiles_allow_it) {
  EXPECT(!Axis(ATH_DOMAIN_PERIODIC, 20).is_regular());
  EXPECT(Axis(ATH_DOMAIN_BOUNDED, 20).is_regular());
  const Axis axis(ATH_DOMAIN_PERIODIC, 48);
  EXPECT(axis.is_regular());
  EXPECT_EQ(axis.neighbour(0, -1), 2);
  EXPECT_EQ(axis.neighbour(2, 1), 0);
  EXPECT_EQ(axis.neighbour(1, 1), 2);
  EXPECT_EQ(Axis(ATH_DOMAIN_INFINITE, 0).neighbour(0, -1), -1);
}

TEST(existing_cells_of_a_tile) {
  const Domain domain{Axis(ATH_DOMAIN_BOUNDED, 20), Axis(ATH_DOMAIN_BOUNDED, 7)};
  for (int32_t ty = -1; ty <= 1; ++ty) {
    for (int32_t tx = -1; tx <= 2; ++tx) {
      const CellMask mask = domain.existing({tx, ty, 0});
      for (int cell = 0; cell < kTileCells; ++cell) EXPECT_EQ(mask.test(cell), domain.contains(tx * 16 + cell % 16, ty * 16 + cell / 16));
    }
  }
}

TEST(mask_runs_and_counts) {
  CellMask mask = CellMask::rectangle(3, 2, 9, 5);
  mask.set(255);
  EXPECT_EQ(mask.count(), 19);
  int cells = 0, runs = 0;
  mask.for_each_run([&](int begin, int length) {
    for (int i = 0; i < length; ++i) EXPECT(mask.test(begin + i));
    cells += length;
    ++runs;
  });
  EXPECT_EQ(cells, 19);
  EXPECT_EQ(runs, 4);
  EXPECT((~mask & mask).empty());
  EXPECT((~mask | mask).is_full());
}

EXPECT_MAIN
