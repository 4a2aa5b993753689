// Sorts tiles by key: the one canonical order of traversal, batches and exports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace atheria::engine {

struct KeyedSlot {
  uint64_t key;
  uint32_t slot;
};

// Stable radix sort by key; `scratch` is kept by the caller so that repeated sorts allocate nothing. Digits that all keys share are skipped.
void sort_by_key(std::vector<KeyedSlot>& items, std::vector<KeyedSlot>& scratch);

}  // namespace atheria::engine
