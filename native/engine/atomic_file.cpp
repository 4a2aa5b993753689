// POSIX files, whole or not at all.
#include "atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace atheria::engine {
namespace {

// The folder's entry must reach the disk too, or a crash may undo the rename. Some file systems cannot; then the rename stands anyway.
void sync_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const int file = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  (void)::fsync(file);
  ::close(file);
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  char suffix[48];
  std::snprintf(suffix, sizeof suffix, ".%ld.tmp", static_cast<long>(::getpid()));
  temporary_ = path_ + suffix;
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

ath_status AtomicFile::failed(const char* what) const {
  const int reason = errno;
  return ath_status_set(ATH_IO_ERROR, "%s: cannot %s: %s; \"%s\" is as it was", temporary_.c_str(), what, std::strerror(reason), path_.c_str());
}

ath_status AtomicFile::open() {
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return file_ < 0 ? failed("create") : ATH_OK;
}

ath_status AtomicFile::write(const void* bytes, size_t count) {
  const char* p = static_cast<const char*>(bytes);
  while (count != 0) {
    const ssize_t written = ::write(file_, p, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write");
    p += written;
    count -= static_cast<size_t>(written);
  }
  return ATH_OK;
}

ath_status AtomicFile::write_at(size_t offset, const void* bytes, size_t count) {
  if (::lseek(file_, static_cast<off_t>(offset), SEEK_SET) < 0) return failed("seek in");
  return write(bytes, count);
}

ath_status AtomicFile::commit() {
  if (::fsync(file_) != 0) return failed("sync");
  const int file = std::exchange(file_, -1);
  if (::close(file) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const ath_status status = failed("rename");
    ::unlink(temporary_.c_str());
    return status;
  }
  sync_folder_of(path_);
  return ATH_OK;
}

ath_status read_file(const char* path, std::vector<unsigned char>& out_bytes) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    const int reason = errno;
    return ath_status_set(reason == ENOENT ? ATH_NOT_FOUND : ATH_IO_ERROR, "%s: cannot open: %s", path, std::strerror(reason));
  }
  struct stat facts;
  ath_status status = ATH_OK;
  if (::fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    status = ath_status_set(ATH_IO_ERROR, "%s: not a regular file", path);
  } else {
    try {
      out_bytes.resize(static_cast<size_t>(facts.st_size));
    } catch (const std::bad_alloc&) {
      status = ath_status_set(ATH_OUT_OF_MEMORY, "%s: no memory for its %lld bytes", path, static_cast<long long>(facts.st_size));
    }
    size_t done = 0;
    while (status == ATH_OK && done < out_bytes.size()) {
      const ssize_t count = ::read(file, out_bytes.data() + done, out_bytes.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) status = ath_status_set(ATH_IO_ERROR, "%s: cannot read: %s", path, std::strerror(errno));
      if (count == 0) out_bytes.resize(done);
      if (count > 0) done += static_cast<size_t>(count);
    }
  }
  ::close(file);
  return status;
}

}  // namespace atheria::engine
