// Floats as decimal text, through the C locale of our own: std::from_chars for floats is missing from older libc++.
#include "decimal.hpp"

#include <locale.h>
#include <stdlib.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

#include <cstdio>
#include <cstring>

namespace atheria {

bool decimal_parse(std::string_view text, float* out_value) {
#if defined(_WIN32)
  static const _locale_t c_locale = _create_locale(LC_ALL, "C");
#else
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", static_cast<locale_t>(nullptr));
#endif
  char copy[64];
  if (text.empty() || text.size() >= sizeof copy || text[0] == ' ' || text[0] == '\t') return false;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = 0;
  char* end = nullptr;
#if defined(_WIN32)
  *out_value = _strtof_l(copy, &end, c_locale);
#else
  *out_value = strtof_l(copy, &end, c_locale);
#endif
  return end == copy + text.size();
}

std::string decimal_text(float value) {
  char text[32];
  for (int digits = 1; digits <= 9; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, double(value));
    for (char* at = text; *at; ++at)
      if (*at == ',') *at = '.';
    float again;
    if (decimal_parse(text, &again) && again == value) break;
  }
  if (!std::strpbrk(text, ".en")) std::strcat(text, ".0");
  return text;
}

}  // namespace atheria
