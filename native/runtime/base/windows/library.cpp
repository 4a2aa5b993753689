// Shared libraries by LoadLibrary.
#include "base/library.hpp"

#include "windows_text.hpp"

namespace atheria {
namespace {

const char inside = 0;

// No window for a library that is damaged or misses another one: the message goes to whoever asked.
class NoDialogs {
 public:
  NoDialogs() { SetThreadErrorMode(SEM_FAILCRITICALERRORS, &before_); }
  ~NoDialogs() { SetThreadErrorMode(before_, nullptr); }
  NoDialogs(const NoDialogs&) = delete;

 private:
  DWORD before_ = 0;
};

// While one lives, the folder of this library is looked in for what others need.
class OwnFolderSearched {
 public:
  OwnFolderSearched() : cookie_(AddDllDirectory(windows::wide(library_own_folder()).c_str())) {}
  ~OwnFolderSearched() {
    if (cookie_) RemoveDllDirectory(cookie_);
  }
  OwnFolderSearched(const OwnFolderSearched&) = delete;

 private:
  DLL_DIRECTORY_COOKIE cookie_;
};

}  // namespace

ath_status library_open(const std::string& path, void** out_library) {
  const NoDialogs quiet;
  const std::wstring file = windows::full_path(path);
  HMODULE library = nullptr;
  DWORD error = 0;
  {
    // What a plugin needs lies beside it, beside this library, or in the system; never where the program happens to have been started.
    const OwnFolderSearched own_folder;
    library = LoadLibraryExW(file.c_str(), nullptr, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    if (!library) error = GetLastError();
  }
  if (error == ERROR_MOD_NOT_FOUND) {
    // Environments that are entered through PATH have their libraries there.
    library = LoadLibraryExW(file.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!library) error = GetLastError();
  }
  *out_library = reinterpret_cast<void*>(library);
  if (library) return ATH_OK;
  const char* hint = error == ERROR_MOD_NOT_FOUND ? "; it, or a library it needs, is neither beside it, beside the runtime, in the system nor on PATH" : "";
  return ath_status_set(ATH_UNAVAILABLE, "%s cannot be loaded: %s%s", path.c_str(), windows::error_text(error).c_str(), hint);
}

void* library_symbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}

std::string library_own_folder() {
  HMODULE own = nullptr;
  if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                          reinterpret_cast<const wchar_t*>(&inside), &own))
    return "";
  std::wstring file(260, L'\0');
  for (;;) {
    const DWORD count = GetModuleFileNameW(own, file.data(), DWORD(file.size()));
    if (!count) return "";
    if (count < file.size()) {
      file.resize(count);
      break;
    }
    file.resize(2 * file.size());
  }
  const size_t slash = file.find_last_of(L"\\/");
  return slash == std::wstring::npos ? "." : windows::utf8(file.substr(0, slash));
}

}  // namespace atheria
