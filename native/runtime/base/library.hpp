// Shared libraries opened at run time. They are never closed: what a plugin handed out stays valid.
#pragma once

#include <string>

#include "atheria/status.h"

namespace atheria {

// ATH_UNAVAILABLE with the system's own text.
ath_status library_open(const std::string& path, void** out_library);
// Null if the library does not export it.
void* library_symbol(void* library, const char* name);
// Folder of the file this code was loaded from; "" if the system does not tell.
std::string library_own_folder();

#if defined(_WIN32)
inline constexpr const char* kLibraryPrefix = "";
inline constexpr const char* kLibrarySuffix = ".dll";
#elif defined(__APPLE__)
inline constexpr const char* kLibraryPrefix = "lib";
inline constexpr const char* kLibrarySuffix = ".dylib";
#else
inline constexpr const char* kLibraryPrefix = "lib";
inline constexpr const char* kLibrarySuffix = ".so";
#endif

}  // namespace atheria
