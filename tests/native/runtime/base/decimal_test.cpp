// Decimal text of floats: reads back, whole words only, and does not follow the process's locale.
#include "base/decimal.hpp"

#include <clocale>
#include <cmath>
#include <cstring>

#include "expect.hpp"

using atheria::decimal_parse;
using atheria::decimal_text;

TEST(texts) {
  EXPECT_EQ(decimal_text(0.5f), "0.5");
  EXPECT_EQ(decimal_text(1), "1.0");
  EXPECT_EQ(decimal_text(-0.0f), "-0.0");
  EXPECT_EQ(decimal_text(0.1f), "0.1");
  EXPECT_EQ(decimal_text(1e30f), "1e+30");
  EXPECT_EQ(decimal_text(16777216), "16777216.0");
}

TEST(every_kind_of_float_reads_back) {
  for (uint64_t wide = 0; wide < 0xFF800000u; wide += 99991) {
    const auto bits = uint32_t(wide);
    float value, again = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    if (!EXPECT(decimal_parse(decimal_text(value), &again)) || !EXPECT(!std::memcmp(&value, &again, sizeof value))) break;
  }
}

TEST(only_whole_numbers_of_text) {
  float value;
  for (const char* wrong : {"", " 1", "1 ", "1x", "0,5", "one", "1e", "--1"}) EXPECT(!decimal_parse(wrong, &value));
  EXPECT(!decimal_parse(std::string(100, '1'), &value));
  EXPECT(decimal_parse("-1.5e3", &value) && value == -1500.0f);
}

TEST(a_decimal_comma_in_the_locale_changes_nothing) {
  const char* found = nullptr;
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"}) found = found ? found : std::setlocale(LC_NUMERIC, name);
  if (!found) SKIP("no locale with a decimal comma is installed");
  float value = 0;
  EXPECT(decimal_parse("0.25", &value) && value == 0.25f);
  EXPECT_EQ(decimal_text(0.25f), "0.25");
  std::setlocale(LC_NUMERIC, "C");
}

EXPECT_MAIN
