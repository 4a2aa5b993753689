// Rectangles of background.
#include "background.hpp"

#include <cstring>

#include "vacuum.hpp"

namespace atheria::engine {

void Background::fill(uint64_t time, int64_t x, int64_t y, int64_t z, int width, int height, float* out, int64_t stride) const {
  const size_t cell_floats = 2 * static_cast<size_t>(d_);
  if (is_zero()) {
    for (int row = 0; row < height; ++row) std::memset(out + row * stride, 0, width * cell_floats * sizeof(float));
    return;
  }
  // Groups run over row ends: a halo's columns are one cell wide, and lanes must not idle there.
  VacuumCells cells;
  int count = 0;
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      cells.x[count] = x + column;
      cells.y[count] = y + row;
      cells.out[count] = out + row * stride + column * cell_floats;
      if (++count == kVacuumLanes) {
        vacuum_evaluate(seed_, time, z, cells, count, d_);
        count = 0;
      }
    }
  }
  if (count != 0) vacuum_evaluate(seed_, time, z, cells, count, d_);
}

}  // namespace atheria::engine
