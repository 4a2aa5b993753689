// Files by POSIX calls.
#include "base/file_head.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

namespace atheria {
namespace {

constexpr int kTemporaryAttempts = 1000;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int value() const { return value_; }
  int close() {
    const int result = ::close(value_);
    value_ = -1;
    return result;
  }

 private:
  int value_;
};

ath_status refused(const char* path, const char* what) {
  const int number = errno;
  return ath_status_set(number == ENOENT ? ATH_NOT_FOUND : ATH_IO_ERROR, "%s: cannot %s: %s", path, what, std::strerror(number));
}

}  // namespace

ath_status file_read(const char* path, size_t head_bytes, const HeadCheck& check, std::vector<char>* out_bytes) {
  const Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  if (file.value() < 0) return refused(path, "open");
  struct stat facts;
  if (fstat(file.value(), &facts)) return refused(path, "stat");
  if (!S_ISREG(facts.st_mode)) return ath_status_set(ATH_IO_ERROR, "%s: not a regular file", path);
  size_t done = 0;
  const auto read_to = [&](size_t end) -> ath_status {
    out_bytes->resize(end);
    while (done < end) {
      const ssize_t got = ::read(file.value(), out_bytes->data() + done, end - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return refused(path, "read");
      if (got == 0) break;
      done += size_t(got);
    }
    out_bytes->resize(done);
    return ATH_OK;
  };
  return read_head_first(uint64_t(facts.st_size), head_bytes, check, *out_bytes, read_to);
}

ath_status file_write(const char* path, const void* bytes, size_t byte_count) {
  // Not mkstemp: its mode 0600 could only be widened by reading umask, which other threads would see.
  static std::atomic<unsigned> counter{0};
  std::string temporary;
  int opened_file = -1;
  // O_EXCL follows no link that somebody planted; what a process of the same number left behind is passed by.
  for (int attempt = 0; attempt < kTemporaryAttempts; ++attempt) {
    temporary = std::string(path) + "." + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
    opened_file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (opened_file >= 0 || errno != EEXIST) break;
  }
  Descriptor file(opened_file);
  if (file.value() < 0) return refused(temporary.c_str(), "create");
  const auto write_all = [&]() -> ath_status {
    size_t done = 0;
    while (done < byte_count) {
      const ssize_t put = ::write(file.value(), static_cast<const char*>(bytes) + done, byte_count - done);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return refused(temporary.c_str(), "write");
      done += size_t(put);
    }
    if (::fsync(file.value())) return refused(temporary.c_str(), "fsync");
    if (file.close()) return refused(temporary.c_str(), "close");
    if (::rename(temporary.c_str(), path)) return refused(path, "rename the temporary to");
    return ATH_OK;
  };
  if (const ath_status failed = write_all()) {
    ::unlink(temporary.c_str());
    return failed;
  }
  const char* slash = std::strrchr(path, '/');
  const std::string folder = slash ? std::string(path, slash == path ? 1 : size_t(slash - path)) : ".";
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_CLOEXEC));
  // Some file systems cannot fsync a folder; the file itself is complete either way.
  if (opened.value() >= 0) (void)::fsync(opened.value());
  return ATH_OK;
}

std::vector<std::string> folder_entries(const std::string& folder) {
  std::vector<std::string> names;
  DIR* opened = opendir(folder.c_str());
  if (!opened) return names;
  while (const dirent* entry = readdir(opened))
    if (std::strcmp(entry->d_name, ".") && std::strcmp(entry->d_name, "..")) names.push_back(entry->d_name);
  closedir(opened);
  return names;
}

}  // namespace atheria
