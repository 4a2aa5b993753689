// The environment as the C library has it.
#include "base/environment.hpp"

#include <cstdlib>

namespace atheria {

bool environment_get(const char* name, std::string* out_value) {
  const char* value = std::getenv(name);
  if (value) *out_value = value;
  return value;
}

}  // namespace atheria
