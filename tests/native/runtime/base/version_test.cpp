// The version and the build information of the library.
#include "atheria/version.h"

#include "expect.hpp"

TEST(version_is_the_headers) {
  char text[32];
  std::snprintf(text, sizeof text, "%d.%d.%d", ATH_VERSION_MAJOR, ATH_VERSION_MINOR, ATH_VERSION_PATCH);
  EXPECT_EQ(ath_version(), text);
  EXPECT_EQ(ath_abi_version(), ATH_ABI_VERSION);
}

TEST(build_information_says_what_it_must_and_no_place) {
  const std::string info = ath_build_info();
  EXPECT_CONTAINS(info, "\"version\": \"" + std::string(ath_version()) + "\"");
  for (const char* key : {"accel", "platform", "compiler", "flags", "cpu_levels", "cuda", "rocm", "commit", "date", "backends"}) EXPECT_CONTAINS(info, "\"" + std::string(key) + "\":");
  EXPECT_CONTAINS(info, "-ffp-contract=off");
  EXPECT(info.find('/') == std::string::npos);
}

EXPECT_MAIN
