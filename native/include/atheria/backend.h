/* What a backend plugin implements: one exported function that hands over one table. */
#ifndef ATHERIA_BACKEND_H_
#define ATHERIA_BACKEND_H_

#include "atheria/allocator.h"
#include "atheria/device.h"
#include "atheria/program.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the runtime offers a plugin. A plugin needs no symbol of the runtime: everything it calls is here. */
typedef struct ath_host {
  uint32_t struct_bytes;
  uint32_t abi_version;
  const ath_allocator* allocator;
  ath_status (*status_set)(ath_status status, const char* format, ...);
  const char* (*status_message)(void);
  const char* cpu_level; /* "baseline", "avx2", "avx512", "neon": what this machine runs, after ATHERIA_CPU_LEVEL */
} ath_host;

typedef struct ath_probe {
  uint32_t struct_bytes;
  uint32_t score;        /* 0: unusable. reference 1, cpu 100, openblas 90, GPUs 200 and more */
  char reason[256];      /* why the score is 0; else empty */
  char description[128]; /* one line for people */
} ath_probe;

typedef struct ath_operand {
  uint32_t dtype; /* 0: operand is absent (ATH_NONE) or a plain number */
  uint32_t rank;
  int64_t dims[ATH_RANK_MAX];
  const void* constant; /* host address of the bytes when the tensor is a constant of the program, else null; valid only in op_prepare */
} ath_operand;

typedef struct ath_op {
  uint32_t struct_bytes;
  uint32_t opcode;
  uint32_t activation; /* opcode fused after this op (ATH_OP_RELU, ATH_OP_ELU ...), or ATH_OP_NOP. Offered once; if op_supported refuses, the
                          op comes again without it */
  uint32_t numbers[4]; /* operands as written, for slots that are plain numbers */
  uint32_t attributes[4]; /* of the ATTR before it; zeros if none */
  ath_operand operands[5]; /* the fifth: what ATTR names as one more tensor (QCA_UPDATE: background) */
} ath_op;

/* Where a tensor [count, height, width, channels] of floats lies against the domains of its images (see ath_run). */
typedef struct ath_mask {
  uint32_t struct_bytes;
  uint32_t count;            /* images, and rectangles */
  int64_t height, width, channels;
  int32_t shift_y, shift_x;  /* the tensor's cell (0, 0) is cell (shift_y, shift_x) in the rectangles' coordinates */
} ath_mask;

typedef struct ath_backend {
  uint32_t struct_bytes;
  uint32_t abi_version; /* ATH_ABI_VERSION the plugin was compiled with */
  const char* name;
  const char* version; /* "0.1.0" */
#define ATH_SLOT(need, result, name, arguments) result(*name) arguments;
#include "atheria/backend_slots.def"
#undef ATH_SLOT
} ath_backend;

/* The plugin's only export. Returns ATH_VERSION_MISMATCH (and the message says both versions) if it cannot serve `host->abi_version`.
 * The table is static and lives as long as the library is loaded; plugins are never unloaded. */
typedef ath_status (*ath_backend_entry_function)(const ath_host* host, const ath_backend** out_backend);
#define ATH_BACKEND_ENTRY_NAME "ath_backend_entry"

#ifdef __cplusplus
}
#endif
#endif
