// Shared libraries by dlopen.
#include "base/library.hpp"

#include <dlfcn.h>

namespace atheria {

ath_status library_open(const std::string& path, void** out_library) {
  // NOW: a missing symbol is told here, not as a crash later. LOCAL: two plugins may carry different versions of one library.
  *out_library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (*out_library) return ATH_OK;
  const char* text = dlerror();
  return ath_status_set(ATH_UNAVAILABLE, "%s cannot be loaded: %s", path.c_str(), text ? text : "no reason given");
}

void* library_symbol(void* library, const char* name) { return dlsym(library, name); }

std::string library_own_folder() {
  Dl_info info;
  static const char inside = 0;
  if (!dladdr(&inside, &info) || !info.dli_fname) return "";
  const std::string file = info.dli_fname;
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

}  // namespace atheria
