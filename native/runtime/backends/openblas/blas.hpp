// OpenBLAS under the names it has here: plain, or with the prefix the scipy wheels give every symbol.
#pragma once

#include <cblas.h>

#if defined(BLAS_SYMBOL_PREFIX)
#define ATH_BLAS_JOIN(prefix, name) prefix##name
#define ATH_BLAS_JOINED(prefix, name) ATH_BLAS_JOIN(prefix, name)
#define ATH_BLAS(name) ATH_BLAS_JOINED(BLAS_SYMBOL_PREFIX, name)
#else
#define ATH_BLAS(name) name
#endif
