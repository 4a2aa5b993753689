/* Version of the product and of the binary contract, and the export macro. The one place where the version is written. */
#ifndef ATHERIA_VERSION_H_
#define ATHERIA_VERSION_H_

#include <stddef.h>
#include <stdint.h>

#define ATH_VERSION_MAJOR 0
#define ATH_VERSION_MINOR 1
#define ATH_VERSION_PATCH 0

/* Counts incompatible changes of the binary contract between the runtime and its plugins (backends, laws). Structures that begin
 * with struct_bytes, their own size as whoever made them knows it, only grow at the end, so a growth is no incompatible change.
 * Structures without it (ath_device_info, ath_backend_info, ath_allocator, ath_memory_statistics, ath_tensor and other plain
 * records) never change without a new number. */
#define ATH_ABI_VERSION 1u

/* Before every function of the contract. On Windows the source says which side it is on: a library of ours or a plugin, which export
 * (ATH_BUILDING_LIBRARY), a program that has the library's objects in itself (ATH_STATIC), or everybody else, who imports. */
#if defined(_WIN32)
#if defined(ATH_BUILDING_LIBRARY)
#define ATH_API __declspec(dllexport)
#elif defined(ATH_STATIC)
#define ATH_API
#else
#define ATH_API __declspec(dllimport)
#endif
#else
#define ATH_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0": the version of the library that is loaded, which may differ from the headers compiled against. Never null. */
ATH_API const char* ath_version(void);

/* ATH_ABI_VERSION of the loaded library. */
ATH_API uint32_t ath_abi_version(void);

/* The build information of the loaded library as JSON text (accel, compiler, flags, CPU levels compiled in, commit, date).
 * Static storage; never null. */
ATH_API const char* ath_build_info(void);

#ifdef __cplusplus
}
#endif
#endif
