// Floats as decimal text, the same in every locale: a law file must not read differently where people write 0,5.
#pragma once

#include <string>
#include <string_view>

namespace atheria {

// The whole text must be a number: no space before it, nothing after it.
bool decimal_parse(std::string_view text, float* out_value);

// The shortest of at most nine digits that reads back as `value`; always with a '.' or an 'e', so that it cannot be taken for an integer.
std::string decimal_text(float value);

}  // namespace atheria
