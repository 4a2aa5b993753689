/* A stranger's first program in C: parse, plan, run, print. */
#include <atheria/program.h>
#include <stdio.h>
#include <string.h>

static const char text[] =
    "input x f32[N,2]\nconstant w f32[2,2] = 0000803f000000000000000000000040\n"
    "local s f32[N,2]\noutput y f32[N,2]\nmatmul s x w\nrelu y s\nhalt\n";

int main(void) {
  ath_program* program = NULL;
  ath_executable* executable = NULL;
  const ath_symbol_value rows = {'N', 2};
  const float x[4] = {1, -2, 3, 4};
  float y[4] = {0};
  const void* const inputs[1] = {x};
  void* const outputs[1] = {y};
  const ath_run run = {sizeof(ath_run), 1, inputs, outputs, 1, 0, NULL, NULL};
  if (ath_program_parse(text, strlen(text), &program) || ath_executable_create(program, NULL, 0, &rows, 1, &executable) ||
      ath_executable_run(executable, &run)) {
    fprintf(stderr, "%s\n", ath_status_message());
    return 1;
  }
  printf("atheria %s: %g %g %g %g\n", ath_version(), y[0], y[1], y[2], y[3]);
  ath_executable_release(executable);
  ath_program_release(program);
  return 0;
}
