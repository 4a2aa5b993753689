// A file that appears whole or not at all: written beside its name, synced, renamed.
#pragma once

#include <cstddef>
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
  int file_ = -1;
};

// The whole file. ATH_NOT_FOUND if there is none, ATH_IO_ERROR else.
ath_status read_file(const char* path, std::vector<unsigned char>& out_bytes);

}  // namespace atheria::engine
