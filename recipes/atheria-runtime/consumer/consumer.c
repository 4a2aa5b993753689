/* A stranger's C program: opens the runtime, runs programs on every backend and on the best device, and checks capabilities.json (argument 1)
 * against what the library says of itself. Prints one line; status 1 and a reason when something does not fit. */
#include <atheria/device.h>
#include <atheria/program.h>
#include <atheria/version.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kProgram[] =
    "input  x f32[1,4]\n"
    "input  y f32[1,4]\n"
    "local  s f32[1,4]\n"
    "output z f32[1,4]\n"
    "add s x y\n"
    "relu z s\n"
    "halt\n";

static const char kProduct[] =
    "input  a f32[2,3]\n"
    "input  b f32[3,2]\n"
    "output c f32[2,2]\n"
    "matmul c a b\n"
    "halt\n";

static int fail(const char* what) {
  fprintf(stderr, "consumer_c: %s (%s)\n", what, ath_status_message());
  return 1;
}

/* The text without white space; the caller frees it. */
static char* squeezed(const char* text) {
  char* result = malloc(strlen(text) + 1);
  char* end = result;
  if (!result) abort();
  for (; *text; ++text)
    if (!isspace((unsigned char)*text)) *end++ = *text;
  *end = '\0';
  return result;
}

static char* file_text(const char* path) {
  FILE* stream = fopen(path, "rb");
  char* text = calloc(1, 1 << 16);
  size_t count;
  if (!stream || !text) return NULL;
  count = fread(text, 1, (1 << 16) - 1, stream);
  fclose(stream);
  return count ? text : NULL;
}

/* `"key":value` as it stands in squeezed JSON, up to the comma or brace that ends the value. */
static int same_fact(const char* file, const char* library, const char* key) {
  char pattern[64];
  const char* begin;
  size_t length = 0;
  int depth = 0, quoted = 0;
  snprintf(pattern, sizeof pattern, "\"%s\":", key);
  begin = strstr(file, pattern);
  if (!begin) return 0;
  for (; begin[length]; ++length) {
    const char c = begin[length];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth-- == 0) break;
    if (c == ',' && depth == 0) break;
  }
  for (library = strstr(library, pattern); library; library = strstr(library + 1, pattern))
    if (strncmp(begin, library, length) == 0) return 1;
  return 0;
}

static int check_facts(const char* path) {
  static const char* const keys[] = {"version", "abi", "accel", "platform", "compiler", "flags", "cpu_levels", "commit", "date"};
  char* raw = file_text(path);
  char *file, *library;
  if (!raw) return fail("capabilities.json cannot be read");
  file = squeezed(raw);
  library = squeezed(ath_build_info());
  for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i)
    if (!same_fact(file, library, keys[i])) {
      fprintf(stderr, "consumer_c: \"%s\" of %s is not what the library says:\n%s\n", keys[i], path, ath_build_info());
      return 1;
    }
  if (!strstr(file, "\"build_string\":\"")) return fail("capabilities.json has no build string");
  free(raw);
  free(file);
  free(library);
  return 0;
}

/* A product of matrices on the backend of this name, and no other. */
static int check_product(ath_instance* instance, const char* backend) {
  const float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, 0, 0, 1, 1, 1};
  const void* const inputs[2] = {a, b};
  float c[4] = {0};
  void* const outputs[1] = {c};
  ath_run run = {sizeof run, 2, inputs, outputs, 1, 0, NULL, NULL};
  ath_device* device;
  ath_program* program;
  ath_executable* executable;
  char* explanation;
  if (ath_device_open(instance, backend, &device) != ATH_OK) return fail(backend);
  if (ath_program_parse(kProduct, sizeof kProduct - 1, &program) != ATH_OK) return fail("product does not parse");
  if (ath_executable_create(program, &device, 1, NULL, 0, &executable) != ATH_OK) return fail("product cannot be planned");
  if (ath_executable_explain(executable, &explanation) != ATH_OK) return fail("plan is not explained");
  if (!strstr(explanation, backend)) {
    fprintf(stderr, "consumer_c: the product was not given to %s:\n%s\n", backend, explanation);
    return 1;
  }
  if (ath_executable_run(executable, &run) != ATH_OK) return fail("product does not run");
  if (c[0] != 4 || c[1] != 5 || c[2] != 10 || c[3] != 11) return fail("wrong product");
  printf("consumer_c: product on %s\n", backend);
  ath_bytes_free(explanation);
  ath_executable_release(executable);
  ath_program_release(program);
  ath_device_release(device);
  return 0;
}

int main(int argc, char** argv) {
  const float x[4] = {-3, -1, 1, 3}, y[4] = {1, 1, 1, 1};
  const void* const inputs[2] = {x, y};
  float z[4] = {9, 9, 9, 9};
  void* const outputs[1] = {z};
  ath_run run = {sizeof run, 2, inputs, outputs, 1, 0, NULL, NULL};
  ath_instance* instance;
  ath_device* device;
  ath_device_info info;
  ath_program* program;
  ath_executable* executable;
  if (argc != 2) return fail("usage: consumer_c capabilities.json");
  if (check_facts(argv[1])) return 1;
  if (ath_instance_create(NULL, &instance) != ATH_OK) return fail("no instance");
  {
    char* raw = file_text(argv[1]);
    const char* listed = strstr(raw, "\"backends\"");
    for (size_t i = 0; i < ath_instance_backend_count(instance); ++i) {
      ath_backend_info backend;
      char quoted[64];
      if (ath_instance_backend(instance, i, &backend) != ATH_OK) return fail("backend is not described");
      snprintf(quoted, sizeof quoted, "\"%s\"", backend.name);
      if (!listed || !strstr(listed, quoted)) return fail("a backend is there that capabilities.json does not name");
      if (!backend.score) {
        fprintf(stderr, "consumer_c: backend %s does not work: %s\n", backend.name, backend.reason);
        /* Packages for a GPU are built where there is none: that the backend loads and says so is all there is to test. */
        if (strncmp(backend.reason, "no driver", 9) && strncmp(backend.reason, "no device", 9)) return 1;
        continue;
      }
      if (check_product(instance, backend.name)) return 1;
    }
    free(raw);
  }
  if (ath_device_open(instance, "auto", &device) != ATH_OK) return fail("no device");
  if (ath_device_describe(device, &info) != ATH_OK) return fail("device is not described");
  if (ath_program_parse(kProgram, sizeof kProgram - 1, &program) != ATH_OK) return fail("program does not parse");
  if (ath_executable_create(program, &device, 1, NULL, 0, &executable) != ATH_OK) return fail("program cannot be planned");
  if (ath_executable_run(executable, &run) != ATH_OK) return fail("program does not run");
  if (z[0] != 0 || z[1] != 0 || z[2] != 2 || z[3] != 4) return fail("wrong result");
  printf("consumer_c: runtime %s on %s %s: relu(x + y) = %g %g %g %g\n", ath_version(), info.backend, info.level, z[0], z[1], z[2], z[3]);
  ath_executable_release(executable);
  ath_program_release(program);
  ath_device_release(device);
  ath_instance_destroy(instance);
  return 0;
}
