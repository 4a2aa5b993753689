// Whole files: read at once, written so that a reader sees the old or the new contents, never a part.
#pragma once

#include <vector>

#include "atheria/status.h"

namespace atheria {

ath_status file_read(const char* path, std::vector<char>* out_bytes);
// Temporary beside `path`, fsync, rename, fsync of the folder.
ath_status file_write(const char* path, const void* bytes, size_t byte_count);

}  // namespace atheria
