// Looks at bits, so that no comparison with NaN and no branch is in the loop.
#include "finite.hpp"

#include <cstdint>
#include <cstring>

#include "vector_clones.hpp"

namespace atheria::engine {

// An exponent of ones is what infinities and NaN share; comparing whole numbers is what every vector unit can do.
ATHERIA_VECTOR_CLONES
bool all_finite(const float* values, size_t count) {
  uint32_t found = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    found |= static_cast<uint32_t>((bits & 0x7F800000u) == 0x7F800000u);
  }
  return found == 0;
}

}  // namespace atheria::engine
