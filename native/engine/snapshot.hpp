// A universe in a file. Little endian; numbers in brackets are bytes.
//
//     0  [8]   magic 89 41 54 53 4E 41 50 0A  ("\x89ATSNAP\n")
//     8  [4]   format version, 1
//    12  [4]   d, complex channels of a cell
//    16  4x[4] domain, background, activity, normalize
//    32  2x[8] extent x, y (infinite: zeros)
//    48  [8]   seed (zero background: zero)
//    56  3x[4] eps_on, eps_off (exact mode: zeros), gamma in effect
//    68  [4]   zero
//    72  [8]   step
//    80  2x[8] number of tiles, of active cells
//    96  [32]  digest of the law
//   128  [8]   bytes of the file
//   136  [8]   XXH64 of the bytes from 160 to the end
//   144  [8]   zero
//   152  [8]   XXH64 of the bytes 0..151
//   160  tiles with active cells, by rising key: x, y, z [4] each, zero [4], mask 4x[8] (bit x + 16 y)
//        active cells of those tiles in the same order, by y, x: 2d float32 each, concat(Re, Im)
#pragma once

#include <memory>

#include "atheria/engine.h"
#include "universe.hpp"

namespace atheria::engine {

// What a snapshot says about the engine that made it; equal for an engine that may go on with it.
struct SnapshotIdentity {
  uint32_t d = 0, domain = 0, background = 0, activity = 0, normalize = 0;
  int64_t extent_x = 0, extent_y = 0;
  uint64_t seed = 0;
  float eps_on = 0, eps_off = 0, gamma = 0;
  uint8_t law_digest[32] = {};

  SnapshotIdentity(const ath_engine_config& config, uint32_t channels, float gamma_in_effect, const uint8_t* digest);
};

ath_status save_snapshot(const Universe& universe, const SnapshotIdentity& identity, const char* path);

// Fills `universe`, which must be empty; on failure it may hold a part. `any_law` lets another digest and gamma pass.
ath_status load_snapshot(Universe& universe, const SnapshotIdentity& identity, const char* path, bool any_law);

}  // namespace atheria::engine
