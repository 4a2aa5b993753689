// Reading a file with its head first, for the sources of every system: what is no such file is refused before its length is believed.
#pragma once

#include <algorithm>

#include "base/file.hpp"

namespace atheria {

// `read_to(end)` makes `bytes` the file's first `end` bytes; fewer when it is cut while we read: the container's own length will tell.
template <typename ReadTo>
ath_status read_head_first(uint64_t file_bytes, size_t head_bytes, const HeadCheck& check, const std::vector<char>& bytes, const ReadTo& read_to) {
  if (check) {
    if (const ath_status failed = read_to(size_t(std::min<uint64_t>(head_bytes, file_bytes)))) return failed;
    if (const ath_status failed = check(bytes.data(), bytes.size(), file_bytes)) return failed;
  }
  return read_to(size_t(file_bytes));
}

}  // namespace atheria
