// transpose: the last two axes are exchanged, in tiles of 32 x 32 so that both sides are read and written in rows.
#pragma once

ATH_KERNEL(transpose, TransposeArguments, 256) {
  ATH_SHARED(float, tile, 32 * 33);  // a column more, so that reading a column touches every bank
  const unsigned int rows = arguments.rows, columns = arguments.columns;
  const unsigned int across = (columns + 31u) / 32u, down = (rows + 31u) / 32u;
  const unsigned int matrix = ATH_BLOCK / (across * down), place = ATH_BLOCK % (across * down);
  const unsigned int row0 = place / across * 32u, column0 = place % across * 32u;
  const unsigned int at = matrix * rows * columns;
  ATH_EACH_THREAD(256) {
    const unsigned int x = worker % 32u;
    for (unsigned int y = worker / 32u; y < 32u; y += 8u)
      if (row0 + y < rows && column0 + x < columns) tile[y * 33u + x] = operand1[at + (row0 + y) * columns + column0 + x];
  }
  ATH_BARRIER;
  ATH_EACH_THREAD(256) {
    const unsigned int x = worker % 32u;
    for (unsigned int y = worker / 32u; y < 32u; y += 8u)
      if (column0 + y < columns && row0 + x < rows) operand0[at + (column0 + y) * rows + row0 + x] = tile[x * 33u + y];
  }
}
