// Status names, and messages per thread.
#include "atheria/status.h"

#include <thread>

#include "expect.hpp"

TEST(every_code_has_its_name) {
  EXPECT_EQ(ath_status_name(ATH_OK), "OK");
  EXPECT_EQ(ath_status_name(ATH_FAILED_PRECONDITION), "FAILED_PRECONDITION");
  EXPECT_EQ(ath_status_name(ATH_INTERNAL), "INTERNAL");
  EXPECT_EQ(ath_status_name(ATH_INTERNAL + 1), "UNKNOWN");
  EXPECT_EQ(ath_status_name(-1), "UNKNOWN");
}

TEST(a_message_may_be_built_from_the_one_before) {
  EXPECT_EQ(ath_status_set(ATH_NOT_FOUND, "%d apples", 3), ATH_NOT_FOUND);
  ath_status_set(ATH_NOT_FOUND, "basket: %s", ath_status_message());
  EXPECT_EQ(ath_status_message(), "basket: 3 apples");
}

TEST(long_messages_are_cut) {
  ath_status_set(ATH_INTERNAL, "%s", std::string(5000, 'x').c_str());
  EXPECT_EQ(std::string(ath_status_message()).size(), 1023u);
}

TEST(threads_have_their_own) {
  ath_status_set(ATH_INTERNAL, "mine");
  std::string other = "?";
  std::thread([&] {
    other = ath_status_message();
    ath_status_set(ATH_INTERNAL, "theirs");
  }).join();
  EXPECT_EQ(other, "");
  EXPECT_EQ(ath_status_message(), "mine");
}

EXPECT_MAIN
