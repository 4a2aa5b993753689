// Marks a loop to be compiled for wider registers too, the version being chosen when the library is loaded. Without contraction (see cmake/Flags.cmake) all
// versions give the same bits.
#pragma once

// The choice runs before the sanitizers' runtimes are ready.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ATHERIA_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ATHERIA_VECTOR_CLONES
#endif
