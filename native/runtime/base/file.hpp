// Whole files: read at once, written so that a reader sees the old or the new contents, never a part. Names are UTF-8 on Windows and the system's bytes elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "atheria/status.h"

namespace atheria {

// Looks at a file's first bytes (the head, or all of a shorter file) and its length, before memory is asked for the rest.
using HeadCheck = std::function<ath_status(const char* head, size_t head_bytes, uint64_t file_bytes)>;

ath_status file_read(const char* path, size_t head_bytes, const HeadCheck& check, std::vector<char>* out_bytes);
inline ath_status file_read(const char* path, std::vector<char>* out_bytes) { return file_read(path, 0, nullptr, out_bytes); }
// Temporary beside `path`, fsync, rename, fsync of the folder.
ath_status file_write(const char* path, const void* bytes, size_t byte_count);

// Names in a folder, in the file system's order; none of a folder that cannot be read.
std::vector<std::string> folder_entries(const std::string& folder);

// Between the folders of a list such as PATH.
#if defined(_WIN32)
inline constexpr char kPathListSeparator = ';';
#else
inline constexpr char kPathListSeparator = ':';
#endif

}  // namespace atheria
