// Tile coordinates and their 63-bit key: z above the Morton code of (y, x), so that one number is both identity and canonical order.
#pragma once

#include <cstdint>

namespace atheria::engine {

inline constexpr int kTileSide = 16;
inline constexpr int kTileCells = kTileSide * kTileSide;

// 21 bits an axis: tiles -2^20 <= c < 2^20, planes likewise.
inline constexpr int64_t kTileBias = int64_t{1} << 20;

struct TileCoord {
  int32_t x = 0, y = 0, z = 0;
  bool operator==(const TileCoord&) const = default;
};

// Arithmetic shift: floor, also for negative cells.
inline int64_t tile_of_cell(int64_t cell) { return cell >> 4; }
inline int cell_in_tile(int64_t cell) { return static_cast<int>(cell & 15); }

inline bool tile_axis_in_range(int64_t tile) { return tile >= -kTileBias && tile < kTileBias; }

// Puts a zero bit between the 21 low bits of `v`.
inline uint64_t spread_bits(uint64_t v) {
  v = (v | (v << 16)) & 0x0000001F0000FFFFull;
  v = (v | (v << 8)) & 0x001F00FF00FF00FFull;
  v = (v | (v << 4)) & 0x010F0F0F0F0F0F0Full;
  v = (v | (v << 2)) & 0x1333333333333333ull;
  v = (v | (v << 1)) & 0x5555555555555555ull;
  return v;
}

// Parts of the key; each coordinate must be in range.
inline uint64_t tile_key_x(int64_t x) { return spread_bits(static_cast<uint64_t>(x + kTileBias) & 0x1FFFFF); }
inline uint64_t tile_key_y(int64_t y) { return spread_bits(static_cast<uint64_t>(y + kTileBias) & 0x1FFFFF) << 1; }
inline uint64_t tile_key_z(int64_t z) { return static_cast<uint64_t>(z + kTileBias) << 42; }
inline uint64_t tile_key(const TileCoord& tile) { return tile_key_z(tile.z) | tile_key_y(tile.y) | tile_key_x(tile.x); }

}  // namespace atheria::engine
