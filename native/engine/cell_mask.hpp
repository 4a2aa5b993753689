// A bit per cell of a tile: 16 rows of 16 bits, bit x of row y. 256 bits, so set algebra is four words.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "tile_key.hpp"

namespace atheria::engine {

struct CellMask {
  uint64_t words[4] = {0, 0, 0, 0};

  static CellMask full() { return {{~0ull, ~0ull, ~0ull, ~0ull}}; }

  // Cells of columns [x0,x1) and rows [y0,y1), each within 0..16.
  static CellMask rectangle(int x0, int y0, int x1, int y1) {
    CellMask mask;
    if (x0 >= x1) return mask;
    const uint32_t columns = ((1u << x1) - 1u) & ~((1u << x0) - 1u);
    for (int y = y0; y < y1; ++y) mask.or_row(y, columns);
    return mask;
  }

  bool empty() const { return (words[0] | words[1] | words[2] | words[3]) == 0; }
  bool is_full() const { return (words[0] & words[1] & words[2] & words[3]) == ~0ull; }
  int count() const { return std::popcount(words[0]) + std::popcount(words[1]) + std::popcount(words[2]) + std::popcount(words[3]); }

  uint32_t row(int y) const { return static_cast<uint32_t>(words[y >> 2] >> ((y & 3) * 16)) & 0xFFFFu; }
  void or_row(int y, uint32_t bits) { words[y >> 2] |= static_cast<uint64_t>(bits) << ((y & 3) * 16); }

  bool test(int cell) const { return (words[cell >> 6] >> (cell & 63)) & 1u; }
  void set(int cell) { words[cell >> 6] |= 1ull << (cell & 63); }
  void reset(int cell) { words[cell >> 6] &= ~(1ull << (cell & 63)); }

  CellMask& operator|=(const CellMask& other) {
    for (int i = 0; i < 4; ++i) words[i] |= other.words[i];
    return *this;
  }
  CellMask& operator&=(const CellMask& other) {
    for (int i = 0; i < 4; ++i) words[i] &= other.words[i];
    return *this;
  }
  friend CellMask operator|(CellMask a, const CellMask& b) { return a |= b; }
  friend CellMask operator&(CellMask a, const CellMask& b) { return a &= b; }
  friend CellMask operator~(CellMask a) {
    for (uint64_t& word : a.words) word = ~word;
    return a;
  }
  bool operator==(const CellMask&) const = default;

  // visit(cell, length) for every run of set cells within a row, in order of cells.
  template <class Visit>
  void for_each_run(Visit visit) const {
    for (int y = 0; y < kTileSide; ++y) {
      uint32_t bits = row(y);
      while (bits != 0) {
        const int begin = std::countr_zero(bits);
        const int length = std::countr_one(bits >> begin);
        visit(y * kTileSide + begin, length);
        bits &= ~(((1u << length) - 1u) << begin);
      }
    }
  }
};

}  // namespace atheria::engine
