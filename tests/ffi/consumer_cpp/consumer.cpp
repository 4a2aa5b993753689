// A stranger's first program in C++: the same as consumer_c, with owning types.
#include <atheria/atheria.hpp>
#include <cstdio>

int main() {
  try {
    const auto program = atheria::Program::parse(
        "input x f32[N,2]\nconstant w f32[2,2] = 0000803f000000000000000000000040\n"
        "local s f32[N,2]\noutput y f32[N,2]\nmatmul s x w\nrelu y s\nhalt\n");
    const float x[4] = {1, -2, 3, 4};
    float y[4] = {};
    atheria::Executable(program, {{'N', 2}}).run({x}, {y});
    std::printf("atheria %s: %g %g %g %g\n", ath_version(), y[0], y[1], y[2], y[3]);
  } catch (const atheria::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
