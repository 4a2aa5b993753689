// Least-significant-digit radix sort of (key, slot), with digits only where keys differ.
#include "morton_order.hpp"

#include <bit>

namespace atheria::engine {
namespace {

constexpr int kDigitBits = 8;
constexpr size_t kInsertionLimit = 32;

void insertion_sort(std::vector<KeyedSlot>& items) {
  for (size_t i = 1; i < items.size(); ++i) {
    const KeyedSlot item = items[i];
    size_t j = i;
    for (; j > 0 && items[j - 1].key > item.key; --j) items[j] = items[j - 1];
    items[j] = item;
  }
}

}  // namespace

void sort_by_key(std::vector<KeyedSlot>& items, std::vector<KeyedSlot>& scratch) {
  if (items.size() <= kInsertionLimit) {
    insertion_sort(items);
    return;
  }
  uint64_t differing = 0;
  bool sorted = true;
  for (size_t i = 1; i < items.size(); ++i) {
    differing |= items[i].key ^ items[0].key;
    sorted &= items[i - 1].key <= items[i].key;
  }
  if (sorted) return;
  scratch.resize(items.size());
  while (differing != 0) {
    // A digit begins at the lowest bit in which keys still differ: a universe across the origin differs in few, far-apart bits.
    const int shift = std::countr_zero(differing);
    const uint64_t digit_mask = (1u << kDigitBits) - 1;
    size_t starts[1 << kDigitBits] = {};
    for (const KeyedSlot& item : items) ++starts[(item.key >> shift) & digit_mask];
    size_t total = 0;
    for (size_t& start : starts) {
      const size_t count = start;
      start = total;
      total += count;
    }
    for (const KeyedSlot& item : items) scratch[starts[(item.key >> shift) & digit_mask]++] = item;
    items.swap(scratch);
    differing &= ~(digit_mask << shift);
  }
}

}  // namespace atheria::engine
