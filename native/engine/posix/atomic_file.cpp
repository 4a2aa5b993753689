// POSIX files, whole or not at all.
#include "atomic_file.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace atheria::engine {
namespace {

constexpr int kTemporaryAttempts = 1000;

int descriptor(std::intptr_t file) { return static_cast<int>(file); }

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

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(descriptor(file_));
  ::unlink(temporary_.c_str());
}

ath_status AtomicFile::failed(const char* what) const {
  const int reason = errno;
  return ath_status_set(ATH_IO_ERROR, "%s: cannot %s: %s; \"%s\" is as it was", temporary_.c_str(), what, std::strerror(reason), path_.c_str());
}

ath_status AtomicFile::open() {
  // O_EXCL follows no link that somebody planted and shares no file; what a process of the same number left behind is passed by. Not mkstemp: its
  // mode 0600 could only be widened by reading umask, which other threads would see.
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < kTemporaryAttempts; ++attempt) {
    temporary_ = path_ + "." + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ >= 0) return ATH_OK;
    if (errno != EEXIST) break;
  }
  return failed("create");
}

ath_status AtomicFile::write(const void* bytes, size_t count) {
  const char* p = static_cast<const char*>(bytes);
  while (count != 0) {
    const ssize_t written = ::write(descriptor(file_), p, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write");
    p += written;
    count -= static_cast<size_t>(written);
  }
  return ATH_OK;
}

ath_status AtomicFile::write_at(size_t offset, const void* bytes, size_t count) {
  if (::lseek(descriptor(file_), static_cast<off_t>(offset), SEEK_SET) < 0) return failed("seek in");
  return write(bytes, count);
}

ath_status AtomicFile::commit() {
  if (::fsync(descriptor(file_)) != 0) return failed("sync");
  const int file = descriptor(std::exchange(file_, -1));
  const bool closed = ::close(file) == 0;
  if (!closed || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const ath_status status = failed(closed ? "rename" : "close");
    ::unlink(temporary_.c_str());
    return status;
  }
  sync_folder_of(path_);
  return ATH_OK;
}

namespace {

ath_status read_up_to(int file, const char* path, size_t end, std::vector<unsigned char>& bytes) {
  size_t done = bytes.size();
  try {
    bytes.resize(end);
  } catch (const std::bad_alloc&) {
    return ath_status_set(ATH_OUT_OF_MEMORY, "%s: no memory for its %zu bytes", path, end);
  }
  while (done < end) {
    const ssize_t count = ::read(file, bytes.data() + done, end - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int reason = errno;
      return ath_status_set(ATH_IO_ERROR, "%s: cannot read: %s", path, std::strerror(reason));
    }
    if (count == 0) break;  // cut while we read: the length in its head will tell
    done += static_cast<size_t>(count);
  }
  bytes.resize(done);
  return ATH_OK;
}

}  // namespace

ath_status read_file(const char* path, size_t head_bytes, const HeadCheck& check, std::vector<unsigned char>& out_bytes) {
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
    const size_t length = static_cast<size_t>(facts.st_size);
    out_bytes.clear();
    status = read_up_to(file, path, std::min(head_bytes, length), out_bytes);
    if (status == ATH_OK) status = check(out_bytes.data(), out_bytes.size(), length);
    if (status == ATH_OK) status = read_up_to(file, path, length, out_bytes);
  }
  ::close(file);
  return status;
}

}  // namespace atheria::engine
