// A stranger's C++ program: the engine's headers compile as C++20 and link; the vacuum is the same wherever it is asked.
#include <atheria/engine.h>

#include <array>
#include <cmath>
#include <cstdio>

int main() {
  constexpr std::array<int64_t, 6> kPlaces = {3, -2, 5, 1'000'000, 0, 0};
  std::array<float, 16> states{};
  std::array<float, 8> alone{};
  if (ath_vacuum_evaluate(7, 0, kPlaces.data(), 2, 4, states.data()) != ATH_OK ||
      ath_vacuum_evaluate(7, 0, kPlaces.data() + 3, 1, 4, alone.data()) != ATH_OK) {
    std::fprintf(stderr, "consumer_cpp: %s\n", ath_status_message());
    return 1;
  }
  for (std::size_t channel = 0; channel < 4; ++channel) {
    const float modulus = std::hypot(states[2 * channel], states[2 * channel + 1]);
    if (std::fabs(modulus - 1.0f) > 1e-5f || alone[2 * channel] != states[8 + 2 * channel]) {
      std::fprintf(stderr, "consumer_cpp: vacuum channel %zu has modulus %g or depends on its neighbours\n", channel, modulus);
      return 1;
    }
  }
  std::printf("consumer_cpp: vacuum of seed 7 begins %g%+gi\n", states[0], states[1]);
  return 0;
}
