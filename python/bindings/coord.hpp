// A cell's coordinates as users of per-cell calls have them.
#pragma once

#include <compare>
#include <cstdint>

namespace atheria::bindings {

struct Coord3D {
  int64_t x = 0, y = 0, z = 0;
  auto operator<=>(const Coord3D&) const = default;
};

}  // namespace atheria::bindings
