// Needs OpenBLAS, libstdc++ and libgcc at run time.
#include "consumer.h"

#include <cblas.h>

#include <stdexcept>
#include <string>

extern "C" float consumer_corner(void) {
  const float a[4] = {1, 2, 3, 4};
  float c[4] = {0, 0, 0, 0};
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 2, 2, 2, 1.0f, a, 2, a, 2, 0.0f, c, 2);
  try {
    throw std::runtime_error(std::to_string(c[3]));
  } catch (const std::exception& error) {
    return std::stof(error.what());
  }
}
