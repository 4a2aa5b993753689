// The version of the loaded library and what is known about its build.
#include "atheria/version.h"

#include "build_info.hpp"

#define ATH_TEXT_OF(number) #number
#define ATH_TEXT(number) ATH_TEXT_OF(number)

const char* ath_version(void) {
  return ATH_TEXT(ATH_VERSION_MAJOR) "." ATH_TEXT(ATH_VERSION_MINOR) "." ATH_TEXT(ATH_VERSION_PATCH);
}

uint32_t ath_abi_version(void) { return ATH_ABI_VERSION; }

const char* ath_build_info(void) { return build_info; }
