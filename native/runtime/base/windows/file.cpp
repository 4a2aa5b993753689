// Files by the calls of Windows; names are UTF-8.
#include "base/file_head.hpp"

#include "windows_file.hpp"

#include <atomic>

namespace atheria {
namespace {

constexpr int kTemporaryAttempts = 1000;

ath_status refused(const char* path, const char* what, DWORD error = GetLastError()) {
  return ath_status_set(windows::is_missing(error) ? ATH_NOT_FOUND : ATH_IO_ERROR, "%s: cannot %s: %s", path, what, windows::error_text(error).c_str());
}

}  // namespace

ath_status file_read(const char* path, size_t head_bytes, const HeadCheck& check, std::vector<char>* out_bytes) {
  const windows::File file(windows::open_to_read(path));
  if (!file.is_open()) return refused(path, "open");
  LARGE_INTEGER length;
  if (GetFileType(file.handle()) != FILE_TYPE_DISK) return ath_status_set(ATH_IO_ERROR, "%s: not a regular file", path);
  if (!GetFileSizeEx(file.handle(), &length)) return refused(path, "stat");
  size_t done = 0;
  const auto read_to = [&](size_t end) -> ath_status {
    out_bytes->resize(end);
    size_t got = 0;
    if (!windows::read_up_to(file.handle(), out_bytes->data() + done, end - done, &got)) return refused(path, "read");
    done += got;
    out_bytes->resize(done);
    return ATH_OK;
  };
  return read_head_first(uint64_t(length.QuadPart), head_bytes, check, *out_bytes, read_to);
}

ath_status file_write(const char* path, const void* bytes, size_t byte_count) {
  static std::atomic<unsigned> counter{0};
  std::string temporary;
  HANDLE opened = INVALID_HANDLE_VALUE;
  // CREATE_NEW follows no link that somebody planted; what a process of the same number left behind is passed by.
  for (int attempt = 0; attempt < kTemporaryAttempts; ++attempt) {
    temporary = std::string(path) + "." + std::to_string(GetCurrentProcessId()) + "-" + std::to_string(counter++) + ".tmp";
    opened = windows::create_new(temporary);
    if (opened != INVALID_HANDLE_VALUE || GetLastError() != ERROR_FILE_EXISTS) break;
  }
  windows::File file(opened);
  if (!file.is_open()) return refused(temporary.c_str(), "create");
  const auto write_all = [&]() -> ath_status {
    if (!windows::write_all(file.handle(), bytes, byte_count)) return refused(temporary.c_str(), "write");
    if (!FlushFileBuffers(file.handle())) return refused(temporary.c_str(), "flush");
    if (!file.close()) return refused(temporary.c_str(), "close");
    const DWORD error = windows::rename_over(temporary, path);
    return error ? refused(path, "rename the temporary to", error) : ATH_OK;
  };
  const ath_status failed = write_all();
  if (failed) {
    file.close();
    windows::remove_file(temporary);
  }
  return failed;
}

std::vector<std::string> folder_entries(const std::string& folder) {
  std::vector<std::string> names;
  WIN32_FIND_DATAW entry;
  const HANDLE search = FindFirstFileW(windows::wide_path(folder + "\\*").c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) return names;
  do {
    const std::wstring name = entry.cFileName;
    if (name != L"." && name != L"..") names.push_back(windows::utf8(name));
  } while (FindNextFileW(search, &entry));
  FindClose(search);
  return names;
}

}  // namespace atheria
