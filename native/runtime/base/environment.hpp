// The environment, in UTF-8 on every system.
#pragma once

#include <string>

namespace atheria {

// False if the variable is not set; one that is set may be empty.
bool environment_get(const char* name, std::string* out_value);

// "" if it is not set.
inline std::string environment_text(const char* name) {
  std::string value;
  return environment_get(name, &value) ? value : "";
}

}  // namespace atheria
