/* A stranger's C program: a law of one operation, one cell, one step. The law is Delta = psi / 2, so psi' = psi / |psi|. */
#include <atheria/engine.h>
#include <math.h>
#include <stdio.h>

static const char kLaw[] =
    "input  x f32[B,H,W,2]\n"
    "output y f32[B,H,W,2]\n"
    "scale y x 1056964608\n" /* the bits of 0.5f */
    "halt\n";

static int fail(const char* what) {
  fprintf(stderr, "consumer_c: %s (%s)\n", what, ath_status_message());
  return 1;
}

int main(void) {
  const int64_t place[3] = {100, -7, 0};
  const float before[2] = {3, 4};
  float after[2] = {0, 0};
  ath_instance* instance;
  ath_device* device;
  ath_program* program;
  ath_law law;
  ath_engine_config config;
  ath_engine* engine;
  ath_step_report report = {.struct_bytes = sizeof report};
  if (ath_instance_create(NULL, &instance) != ATH_OK) return fail("no instance");
  if (ath_device_open(instance, "auto", &device) != ATH_OK) return fail("no device");
  if (ath_program_parse(kLaw, sizeof kLaw - 1, &program) != ATH_OK) return fail("law does not parse");
  if (ath_law_from_program(program, &device, 1, &law) != ATH_OK) return fail("no law of this program");
  ath_engine_config_default(&config);
  if (ath_engine_create(&law, &config, &device, 1, NULL, &engine) != ATH_OK) return fail("no engine");
  if (ath_engine_write(engine, place, before, 1) != ATH_OK) return fail("cell cannot be written");
  if (ath_engine_step(engine, 1, NULL, NULL, &report) != ATH_OK) return fail("step failed");
  if (ath_engine_read(engine, place, 1, after) != ATH_OK) return fail("cell cannot be read");
  if (report.active != 1 || fabsf(after[0] - 0.6f) > 1e-6f || fabsf(after[1] - 0.8f) > 1e-6f) {
    fprintf(stderr, "consumer_c: %g%+gi in %llu active cells, expected 0.6+0.8i in 1\n", after[0], after[1],
            (unsigned long long)report.active);
    return 1;
  }
  printf("consumer_c: engine %s: 3+4i -> %g%+gi\n", ath_version(), after[0], after[1]);
  ath_engine_destroy(engine);
  ath_program_release(program);
  ath_device_release(device);
  ath_instance_destroy(instance);
  return 0;
}
