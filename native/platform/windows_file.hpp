// Files by handles: opened so that others may read, write, rename and remove them meanwhile, and renamed over what is there.
#pragma once

#include "windows_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace atheria::windows {

// A handle with an owner.
class File {
 public:
  explicit File(HANDLE handle) : handle_(handle) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  bool is_open() const { return handle_ != INVALID_HANDLE_VALUE; }
  HANDLE handle() const { return handle_; }
  bool close() {
    const bool good = !is_open() || CloseHandle(handle_);
    handle_ = INVALID_HANDLE_VALUE;
    return good;
  }

 private:
  HANDLE handle_;
};

inline HANDLE open_to_read(const std::string& path) {
  return CreateFileW(wide_path(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                     FILE_ATTRIBUTE_NORMAL, nullptr);
}

// Fails with ERROR_FILE_EXISTS when anything of this name is there, a link too. Nobody else may open it while it is written.
inline HANDLE create_new(const std::string& path) {
  return CreateFileW(wide_path(path).c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr);
}

inline bool write_all(HANDLE file, const void* bytes, size_t count) {
  constexpr size_t kMost = size_t{1} << 30;  // a call's count is 32 bits
  const char* at = static_cast<const char*>(bytes);
  while (count) {
    DWORD put = 0;
    if (!WriteFile(file, at, DWORD(std::min(count, kMost)), &put, nullptr)) return false;
    at += put;
    count -= put;
  }
  return true;
}

// Up to `count` bytes; `out_done` is less only at the file's end.
inline bool read_up_to(HANDLE file, void* bytes, size_t count, size_t* out_done) {
  constexpr size_t kMost = size_t{1} << 30;
  *out_done = 0;
  while (*out_done < count) {
    DWORD got = 0;
    if (!ReadFile(file, static_cast<char*>(bytes) + *out_done, DWORD(std::min(count - *out_done, kMost)), &got, nullptr)) return false;
    if (!got) return true;
    *out_done += got;
  }
  return true;
}

// One attempt of rename_over.
inline DWORD try_rename_over(const std::string& from, const std::string& to) {
  const std::wstring source = wide_path(from), target = wide_path(to);
  if (MoveFileExW(source.c_str(), target.c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) return 0;
  const DWORD refused = GetLastError();
  if (refused != ERROR_ACCESS_DENIED) return refused;
  // Somebody has the old file open. Windows 10 and later rename over it all the same, as POSIX does, when asked in this way.
  const std::wstring full = full_path(to);
  const File file(CreateFileW(source.c_str(), DELETE | SYNCHRONIZE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file.is_open()) return refused;
  struct Rename {  // FILE_RENAME_INFO of Windows 10, which older headers lack
    DWORD flags;
    HANDLE root;
    DWORD name_bytes;
    wchar_t name[1];
  };
  constexpr DWORD kReplace = 1, kPosix = 2;
  constexpr auto kRenameInfoEx = static_cast<FILE_INFO_BY_HANDLE_CLASS>(22);
  const size_t name_bytes = full.size() * sizeof(wchar_t);
  std::vector<char> bytes(sizeof(Rename) + name_bytes);
  const Rename head = {kReplace | kPosix, nullptr, DWORD(name_bytes), {}};
  std::memcpy(bytes.data(), &head, sizeof head);
  std::memcpy(bytes.data() + offsetof(Rename, name), full.data(), name_bytes);
  return SetFileInformationByHandle(file.handle(), kRenameInfoEx, bytes.data(), DWORD(bytes.size())) ? 0 : refused;
}

// Puts `from` (closed) in the place of `to`, so that a reader finds the old file or the new one. 0, or the number of the error. Readers that keep the old
// file from being replaced (on file systems without POSIX renames; virus scanners) are waited for, for a second.
inline DWORD rename_over(const std::string& from, const std::string& to) {
  constexpr int kAttempts = 100;
  constexpr DWORD kPauseMilliseconds = 10;
  DWORD refused = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt) Sleep(kPauseMilliseconds);
    refused = try_rename_over(from, to);
    if (refused != ERROR_ACCESS_DENIED && refused != ERROR_SHARING_VIOLATION) return refused;
    const DWORD attributes = GetFileAttributesW(wide_path(to).c_str());
    if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY) return refused;  // which no waiting changes
  }
  return refused;
}

inline void remove_file(const std::string& path) { DeleteFileW(wide_path(path).c_str()); }

inline bool is_missing(DWORD error) { return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND || error == ERROR_INVALID_NAME; }

}  // namespace atheria::windows
