/* Programs: 20-byte instructions over a tensor table; verified once, planned for shapes and devices, executed without checks. */
#ifndef ATHERIA_PROGRAM_H_
#define ATHERIA_PROGRAM_H_

#include "atheria/device.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ATH_RANK_MAX 6
#define ATH_NONE 0xFFFFFFFFu /* the handle of an optional operand that is not there */
#define ATH_NAME_BYTES 32    /* of a tensor's name, terminating zero included */

/* ATH_OP_MATMUL and so on. No enum: some codes do not fit C11's int. */
#define ATH_OP(name, code, text, operands) static const uint32_t ATH_OP_##name = code##u;
#include "atheria/opcodes.def"
#undef ATH_OP

/* Little endian on disk, 20 bytes. Operands are handles into the tensor table (or numbers, where opcodes.def says n). */
typedef struct ath_instruction {
  uint32_t opcode;
  uint32_t operands[4];
} ath_instruction;

typedef enum ath_dtype { ATH_DTYPE_F32 = 1, ATH_DTYPE_I32 = 2 } ath_dtype;

typedef enum ath_role {
  ATH_ROLE_INPUT = 1,    /* bound at execution */
  ATH_ROLE_OUTPUT = 2,   /* bound at execution */
  ATH_ROLE_CONSTANT = 3, /* bytes travel with the program */
  ATH_ROLE_LOCAL = 4     /* memory is the plan's */
} ath_role;

/* A dimension is a number, or a symbol plus a number: "16", "B", "H-2". */
typedef struct ath_dimension {
  uint32_t symbol; /* 0, or 'A'..'Z' */
  int32_t extent;  /* the number, or what is added to the symbol's value */
} ath_dimension;

typedef struct ath_tensor {
  char name[ATH_NAME_BYTES]; /* letters, digits, '_' and '.'; unique in the program */
  uint32_t dtype;
  uint32_t role;
  uint32_t rank;
  ath_dimension dims[ATH_RANK_MAX];
} ath_tensor;

typedef struct ath_program ath_program;

/* ---- Making a program ---- */
ATH_API ath_status ath_program_create(ath_program** out_program);
ATH_API void ath_program_retain(ath_program* program);
ATH_API void ath_program_release(ath_program* program); /* null is fine */
/* `bytes` (dense, row-major, little endian) is copied; null unless the role is CONSTANT. Constants have no symbols in their shape. */
ATH_API ath_status ath_program_add_tensor(ath_program* program, const ath_tensor* tensor, const void* bytes, size_t byte_count,
                                          uint32_t* out_handle);
ATH_API ath_status ath_program_add_instruction(ath_program* program, const ath_instruction* instruction);
/* UTF-8; a key once, the last value wins. Keys the engine reads are told in law.h. */
ATH_API ath_status ath_program_set_metadata(ath_program* program, const char* key, const char* value);

/* ---- Reading a program ---- */
ATH_API size_t ath_program_tensor_count(const ath_program* program);
ATH_API ath_status ath_program_tensor(const ath_program* program, uint32_t handle, ath_tensor* out_tensor, const void** out_bytes,
                                      size_t* out_byte_count);
ATH_API size_t ath_program_instruction_count(const ath_program* program);
ATH_API ath_status ath_program_instruction(const ath_program* program, size_t index, ath_instruction* out_instruction);
/* Null if the key is absent. Valid until the key is set again. */
ATH_API const char* ath_program_metadata(const ath_program* program, const char* key);

/* The only place that says no: handles, roles, dtypes, ranks, shape algebra (for all values of the symbols), def before use, lifetimes, one
 * write per tensor, last instruction HALT. The message names op number, op and slot. Planning an unverified program verifies it. */
ATH_API ath_status ath_program_verify(ath_program* program);

/* ---- Text form: one line a tensor, one line an instruction; '#' begins a comment. Round-trips except for constants' bytes, which are written
 * as hexadecimal when they are at most 64 bytes, else as `bytes N sha256 HEX` (such text formats but does not parse back).
 *
 *   program "relu of a sum"                      # metadata "name"
 *   meta "gamma" "0"
 *   input    x  f32[B,H,W,16]
 *   input    y  f32[B,H,W,16]
 *   local    s  f32[B,H,W,16]
 *   output   z  f32[B,H,W,16]
 *   constant b  f32[2] = 0000803f00000040
 *   add  s x y
 *   relu z s
 *   halt
 */
ATH_API ath_status ath_program_parse(const char* text, size_t text_bytes, ath_program** out_program);
/* Free with ath_bytes_free. The text is zero-terminated; `out_bytes` (may be null) does not count the zero. */
ATH_API ath_status ath_program_format(const ath_program* program, char** out_text, size_t* out_bytes);

/* ---- Container (the law file, ".atl"), all little endian:
 *      0   8  magic 89 41 54 4C 41 57 0D 0A  ("\x89ATLAW\r\n")
 *      8   4  format version, 1
 *     12   4  zero
 *     16  32  SHA-256 of the bytes from 48 to the end; also the law's digest
 *     48   8  bytes of the whole file
 *     56   4  number of sections, 4
 *     60   4  zero
 *     64  4x24  section: u32 tag, u32 zero, u64 offset from the file's start, u64 bytes; tags in this order:
 *              'META' (key \0 value \0 ..., keys sorted), 'TENS', 'CODE' (20-byte instructions), 'DATA' (constants, each 64-byte aligned)
 *   Sections follow in that order, each at the next multiple of 64, gaps zero. A TENS record has 112 bytes: name[32], u32 dtype, u32 role, u32 rank,
 *   u32 zero, 6 x {u32 symbol, i32 extent} (unused: zeros), u64 offset into DATA, u64 bytes (both zero unless CONSTANT). The same program
 *   gives the same bytes.
 */
ATH_API ath_status ath_program_load(const void* bytes, size_t byte_count, ath_program** out_program);
ATH_API ath_status ath_program_save(const ath_program* program, void** out_bytes, size_t* out_byte_count); /* ath_bytes_free */
/* Reads the file; the messages name it. Writes to a temporary beside `path`, fsyncs, renames. */
ATH_API ath_status ath_program_load_file(const char* path, ath_program** out_program);
ATH_API ath_status ath_program_save_file(const ath_program* program, const char* path);
ATH_API ath_status ath_program_digest(const ath_program* program, uint8_t out_sha256[32]);
ATH_API void ath_bytes_free(void* bytes); /* null is fine */

/* ---- Plan and execute ---- */
typedef struct ath_executable ath_executable;

typedef struct ath_symbol_value {
  uint32_t symbol; /* 'B' */
  int64_t value;   /* > 0 */
} ath_symbol_value;

/* Binds the symbols, gives each op to the first device of `devices` (order of preference) that supports it; where none does, to the built-in cpu,
 * then the reference backend. Fuses what backends fuse, packs constants, lays out scratch by lifetime. Immutable: any number of threads may run it, each
 * with its own scratch. Keeps what it needs of the program; retains the devices. */
ATH_API ath_status ath_executable_create(ath_program* program, ath_device* const* devices, size_t device_count,
                                         const ath_symbol_value* values, size_t value_count, ath_executable** out_executable);
ATH_API void ath_executable_retain(ath_executable* executable);
ATH_API void ath_executable_release(ath_executable* executable); /* null is fine */
ATH_API size_t ath_executable_scratch_bytes(const ath_executable* executable);
/* Bytes of the input or output with this handle under the bound symbols. 0 if it is neither. */
ATH_API size_t ath_executable_tensor_bytes(const ath_executable* executable, uint32_t handle);
/* One line an op: number, op, shapes, fused activation, backend. ath_bytes_free. */
ATH_API ath_status ath_executable_explain(const ath_executable* executable, char** out_text);

/* A rectangle of cells, in coordinates of the input's H and W axes: [y0,y1) x [x0,x1). */
typedef struct ath_rectangle {
  int32_t y0, x0, y1, x1;
} ath_rectangle;

typedef struct ath_run {
  uint32_t struct_bytes;
  uint32_t input_count;
  const void* const* inputs;  /* host addresses, in order of the INPUT tensors' handles */
  void* const* outputs;       /* host addresses, in order of the OUTPUT tensors' handles; they overlap nothing */
  uint32_t output_count;
  uint32_t domain_count;      /* 0, or the first dimension of the first input */
  /* Null, or per batch item the part of the patch that is inside a bounded domain. The inputs hold zeros outside it (they are never written); what
   * the program computes there is zero for every convolution that follows, as zero padding at the domain's edge gives. Needs [B,H,W,C] tensors. What
   * the outputs hold outside the domain is undefined. */
  const ath_rectangle* domains;
  void* scratch;              /* ath_executable_scratch_bytes, 64-aligned; null: allocated for this call */
} ath_run;

ATH_API ath_status ath_executable_run(const ath_executable* executable, const ath_run* run);

#ifdef __cplusplus
}
#endif
#endif
