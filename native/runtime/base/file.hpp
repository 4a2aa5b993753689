// Whole files: read at once, written so that a reader sees the old or the new contents, never a part.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "atheria/status.h"

namespace atheria {

// Looks at a file's first bytes (the head, or all of a shorter file) and its length, before memory is asked for the rest.
using HeadCheck = std::function<ath_status(const char* head, size_t head_bytes, uint64_t file_bytes)>;

ath_status file_read(const char* path, size_t head_bytes, const HeadCheck& check, std::vector<char>* out_bytes);
ath_status file_read(const char* path, std::vector<char>* out_bytes);
// Temporary beside `path`, fsync, rename, fsync of the folder.
ath_status file_write(const char* path, const void* bytes, size_t byte_count);

}  // namespace atheria
