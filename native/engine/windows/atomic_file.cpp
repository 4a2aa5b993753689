// Files of Windows, whole or not at all.
#include "atomic_file.hpp"

#include <atomic>
#include <new>
#include <utility>

#include "windows_file.hpp"

namespace atheria::engine {
namespace {

constexpr int kTemporaryAttempts = 1000;

HANDLE handle(std::intptr_t file) { return reinterpret_cast<HANDLE>(file); }

ath_status refused(const char* path, const char* what, DWORD error = GetLastError()) {
  return ath_status_set(windows::is_missing(error) ? ATH_NOT_FOUND : ATH_IO_ERROR, "%s: cannot %s: %s", path, what, windows::error_text(error).c_str());
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  CloseHandle(handle(file_));
  windows::remove_file(temporary_);
}

ath_status AtomicFile::failed(const char* what) const {
  const DWORD error = GetLastError();
  return ath_status_set(ATH_IO_ERROR, "%s: cannot %s: %s; \"%s\" is as it was", temporary_.c_str(), what, windows::error_text(error).c_str(),
                        path_.c_str());
}

ath_status AtomicFile::open() {
  // CREATE_NEW follows no link that somebody planted and shares no file; what a process of the same number left behind is passed by.
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < kTemporaryAttempts; ++attempt) {
    temporary_ = path_ + "." + std::to_string(GetCurrentProcessId()) + "-" + std::to_string(counter++) + ".tmp";
    file_ = reinterpret_cast<std::intptr_t>(windows::create_new(temporary_));
    if (file_ >= 0) return ATH_OK;
    if (GetLastError() != ERROR_FILE_EXISTS) break;
  }
  return failed("create");
}

ath_status AtomicFile::write(const void* bytes, size_t count) { return windows::write_all(handle(file_), bytes, count) ? ATH_OK : failed("write"); }

ath_status AtomicFile::write_at(size_t offset, const void* bytes, size_t count) {
  LARGE_INTEGER to;
  to.QuadPart = static_cast<LONGLONG>(offset);
  if (!SetFilePointerEx(handle(file_), to, nullptr, FILE_BEGIN)) return failed("seek in");
  return write(bytes, count);
}

ath_status AtomicFile::commit() {
  if (!FlushFileBuffers(handle(file_))) return failed("sync");
  const char* what = "close";
  DWORD error = CloseHandle(handle(std::exchange(file_, -1))) ? 0 : GetLastError();
  if (!error) {
    what = "rename";
    error = windows::rename_over(temporary_, path_);
  }
  if (!error) return ATH_OK;
  windows::remove_file(temporary_);
  SetLastError(error);
  return failed(what);
}

namespace {

ath_status read_up_to(const windows::File& file, const char* path, size_t end, std::vector<unsigned char>& bytes) {
  const size_t done = bytes.size();
  try {
    bytes.resize(end);
  } catch (const std::bad_alloc&) {
    return ath_status_set(ATH_OUT_OF_MEMORY, "%s: no memory for its %zu bytes", path, end);
  }
  size_t got = 0;
  if (!windows::read_up_to(file.handle(), bytes.data() + done, end - done, &got)) return refused(path, "read");
  bytes.resize(done + got);  // less when it is cut while we read: the length in its head will tell
  return ATH_OK;
}

}  // namespace

ath_status read_file(const char* path, size_t head_bytes, const HeadCheck& check, std::vector<unsigned char>& out_bytes) {
  const windows::File file(windows::open_to_read(path));
  if (!file.is_open()) return refused(path, "open");
  LARGE_INTEGER facts;
  if (GetFileType(file.handle()) != FILE_TYPE_DISK || !GetFileSizeEx(file.handle(), &facts))
    return ath_status_set(ATH_IO_ERROR, "%s: not a regular file", path);
  const auto length = static_cast<size_t>(facts.QuadPart);
  out_bytes.clear();
  ath_status status = read_up_to(file, path, std::min(head_bytes, length), out_bytes);
  if (status == ATH_OK) status = check(out_bytes.data(), out_bytes.size(), length);
  if (status == ATH_OK) status = read_up_to(file, path, length, out_bytes);
  return status;
}

}  // namespace atheria::engine
