// Whole pages from the system, for arenas and block pools.
#pragma once

#include <cstddef>

namespace atheria {

// Address space of at least `bytes`, zero-filled, given memory page by page as it is touched (on Windows all of it counts against the commit limit
// at once). Large reservations ask for huge pages where the system gives them on advice.
// Null when the system refuses.
void* pages_reserve(size_t bytes);
void pages_release(void* pages, size_t bytes);

inline constexpr size_t kHugePageBytes = size_t{2} << 20;

constexpr size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace atheria
