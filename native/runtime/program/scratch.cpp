// Best fit over the steps: what dies before a step makes room for what is born in it.
#include "scratch.hpp"

#include <algorithm>
#include <map>
#include <new>

#include "atheria/allocator.h"

namespace atheria {

ScratchLayout lay_out(const std::vector<Lifetime>& lifetimes) {
  ScratchLayout layout;
  layout.offsets.resize(lifetimes.size());
  std::map<size_t, size_t> holes;                  // offset -> bytes; never adjacent
  std::multimap<size_t, size_t> living;            // last step -> index
  const auto size_of = [&](size_t i) { return (lifetimes[i].bytes + ATH_ALIGNMENT - 1) / ATH_ALIGNMENT * ATH_ALIGNMENT; };
  const auto release = [&](size_t offset, size_t bytes) {
    auto next = holes.lower_bound(offset);
    if (next != holes.end() && offset + bytes == next->first) {
      bytes += next->second;
      next = holes.erase(next);
    }
    if (next != holes.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == offset) {
        before->second += bytes;
        return;
      }
    }
    holes.emplace(offset, bytes);
  };
  for (size_t i = 0; i < lifetimes.size(); ++i) {
    while (!living.empty() && living.begin()->first < lifetimes[i].first) {
      const size_t dead = living.begin()->second;
      living.erase(living.begin());
      release(layout.offsets[dead], size_of(dead));
    }
    const size_t bytes = size_of(i);
    auto best = holes.end();
    for (auto hole = holes.begin(); hole != holes.end(); ++hole)
      if (hole->second >= bytes && (best == holes.end() || hole->second < best->second)) best = hole;
    if (best == holes.end() && !holes.empty() && std::prev(holes.end())->first + std::prev(holes.end())->second == layout.bytes)
      best = std::prev(holes.end());  // the last hole touches the end: only the difference is new
    if (best == holes.end()) {
      layout.offsets[i] = layout.bytes;
      if (bytes > PTRDIFF_MAX - layout.bytes) throw std::bad_alloc();
      layout.bytes += bytes;
    } else {
      const size_t offset = best->first, room = best->second;
      holes.erase(best);
      layout.offsets[i] = offset;
      if (bytes < room) holes.emplace(offset + bytes, room - bytes);
      if (bytes > room) {
        if (bytes > PTRDIFF_MAX - offset) throw std::bad_alloc();
        layout.bytes = offset + bytes;
      }
    }
    living.emplace(lifetimes[i].last, i);
  }
  return layout;
}

}  // namespace atheria
