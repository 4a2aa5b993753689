// A file that appears whole or not at all: written beside its name, synced, renamed. Names are UTF-8 on Windows and the system's bytes elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "atheria/status.h"

namespace atheria::engine {

class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();  // an uncommitted file is removed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  ath_status open();
  ath_status write(const void* bytes, size_t count);
  ath_status write_at(size_t offset, const void* bytes, size_t count);
  // Syncs the file, renames it, syncs the folder.
  ath_status commit();

 private:
  ath_status failed(const char* what) const;

  std::string path_, temporary_;
  std::intptr_t file_ = -1;  // a descriptor, on Windows a HANDLE; -1 is none as either
};

// Looks at a file's first bytes (its head, or all of a shorter file) and its length, before memory is asked for the rest.
using HeadCheck = std::function<ath_status(const unsigned char* head, size_t head_bytes, uint64_t file_bytes)>;

// The whole file, if `check` has nothing against its head. ATH_NOT_FOUND if there is none, ATH_IO_ERROR if it cannot be read.
ath_status read_file(const char* path, size_t head_bytes, const HeadCheck& check, std::vector<unsigned char>& out_bytes);

}  // namespace atheria::engine
