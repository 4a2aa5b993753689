// Cells by coordinate: put in, taken out, woken, put to sleep, listed. Checks everything before it changes anything.
#pragma once

#include <cstddef>
#include <cstdint>

#include "universe.hpp"

namespace atheria::engine {

// Coordinates are int64 [n,3], states complex64 [n,d] with Re and Im interleaved.
ath_status write_cells(Universe& universe, const int64_t* coords, const float* states, size_t count);  // null states: keep what they hold
ath_status read_cells(const Universe& universe, const int64_t* coords, size_t count, float* out_states);
ath_status deactivate_cells(Universe& universe, const int64_t* coords, size_t count);
// Active cells by rising tile key, then y, x.
void export_cells(const Universe& universe, int64_t* out_coords, float* out_states);
void bounds_of_active(const Universe& universe, int64_t out_box[6]);

// Before the first cell of a tile becomes active: its state is made to hold background everywhere.
void fill_with_background(const Universe& universe, Tile& tile);

}  // namespace atheria::engine
