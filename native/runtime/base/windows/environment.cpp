// The environment as the process has it: the C library's copy is in the system's code page, and misses what other copies of the library set.
#include "base/environment.hpp"

#include "windows_text.hpp"

namespace atheria {

bool environment_get(const char* name, std::string* out_value) {
  const std::wstring wide_name = windows::wide(name);
  std::wstring value(256, L'\0');
  for (;;) {
    SetLastError(ERROR_SUCCESS);
    const DWORD count = GetEnvironmentVariableW(wide_name.c_str(), value.data(), DWORD(value.size()));
    if (!count && GetLastError() == ERROR_ENVVAR_NOT_FOUND) return false;
    if (count < value.size()) {
      value.resize(count);
      *out_value = windows::utf8(value);
      return true;
    }
    value.resize(count + 1);  // it may have grown meanwhile: asked again
  }
}

}  // namespace atheria
