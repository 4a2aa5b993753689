// The step as engine.h tells it, in plain words: a map of active cells, sets of coordinates, double precision. Slow and obvious.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <map>
#include <numbers>
#include <set>
#include <vector>

#include "atheria/engine.h"
#include "plain_net.hpp"

namespace oracle {

using Cell = std::array<int64_t, 3>;      // x, y, z
using State = std::vector<float>;         // concat(Re, Im)

// The definition of python/atheria/reference/vacuum.py, in double precision.
inline State vacuum(uint64_t seed, uint64_t t, const Cell& at, int d) {
  State state(2 * d);
  for (int block = 0; block * 4 < d; ++block) {
    uint32_t key[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
    uint32_t c[4] = {static_cast<uint32_t>(at[0]), static_cast<uint32_t>(at[1]),
                     (static_cast<uint32_t>(at[2]) & 0xFFFFFFu) | (static_cast<uint32_t>(block) << 24), static_cast<uint32_t>(t)};
    for (int round = 0; round < 10; ++round) {
      const uint64_t p0 = uint64_t{c[0]} * 0xD2511F53u, p1 = uint64_t{c[2]} * 0xCD9E8D57u;
      const uint32_t n[4] = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ key[0], static_cast<uint32_t>(p1), static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ key[1],
                             static_cast<uint32_t>(p0)};
      std::copy(n, n + 4, c);
      key[0] += 0x9E3779B9u;
      key[1] += 0xBB67AE85u;
    }
    for (int i = 0; i < 4 && block * 4 + i < d; ++i) {
      const double u1 = ((c[i / 2 * 2] >> 8) + 1.0) * 0x1p-24, u2 = (c[i / 2 * 2 + 1] >> 8) * 0x1p-24;
      const double angle = 2 * std::numbers::pi * u2;
      const double n = 0.1 * std::sqrt(-2 * std::log(u1)) * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
      state[block * 4 + i] = static_cast<float>(std::cos(n));
      state[d + block * 4 + i] = static_cast<float>(std::sin(n));
    }
  }
  return state;
}

struct Universe {
  plain::Net net;
  ath_engine_config config;
  std::map<Cell, State> active;
  uint64_t step_number = 0;

  int d() const { return net.channels / 2; }
  bool inside(const Cell& c) const {
    return config.domain == ATH_DOMAIN_INFINITE || (c[0] >= 0 && c[0] < config.extent_x && c[1] >= 0 && c[1] < config.extent_y);
  }
  Cell wrapped(Cell c) const {
    if (config.domain != ATH_DOMAIN_PERIODIC) return c;
    c[0] = ((c[0] % config.extent_x) + config.extent_x) % config.extent_x;
    c[1] = ((c[1] % config.extent_y) + config.extent_y) % config.extent_y;
    return c;
  }
  State background(const Cell& c) const {
    if (config.background == ATH_BACKGROUND_ZERO || !inside(c)) return State(2 * d(), 0.0f);
    return vacuum(config.seed, config.background == ATH_BACKGROUND_FLUCTUATING ? step_number : 0, c, d());
  }
  State at(const Cell& anywhere) const {
    const Cell c = wrapped(anywhere);
    const auto found = active.find(c);
    return found != active.end() ? found->second : background(c);
  }
  std::set<Cell> candidates() const {
    std::set<Cell> cells;
    const int r = net.radius();
    for (const auto& [cell, state] : active) {
      for (int64_t dy = -r; dy <= r; ++dy) {
        for (int64_t dx = -r; dx <= r; ++dx) {
          const Cell c = wrapped({cell[0] + dx, cell[1] + dy, cell[2]});
          if (inside(c)) cells.insert(c);
        }
      }
    }
    return cells;
  }
  struct Outcome {
    State state;
    float activity;
  };
  // psi' and activity of one cell.
  Outcome update(const Cell& cell) const {
    const int r = net.radius(), side = 2 * r + 1, n = net.channels;
    State patch;
    for (int y = -r; y <= r; ++y) {
      for (int x = -r; x <= r; ++x) {
        const State s = at({cell[0] + x, cell[1] + y, cell[2]});
        patch.insert(patch.end(), s.begin(), s.end());
      }
    }
    ath_rectangle domain{0, 0, side, side};
    if (config.domain == ATH_DOMAIN_BOUNDED) {
      domain = {static_cast<int32_t>(std::max<int64_t>(0, r - cell[1])), static_cast<int32_t>(std::max<int64_t>(0, r - cell[0])),
                static_cast<int32_t>(std::min<int64_t>(side, config.extent_y - cell[1] + r)),
                static_cast<int32_t>(std::min<int64_t>(side, config.extent_x - cell[0] + r))};
    }
    State delta(n);
    net.apply(patch.data(), 1, 1, &domain, delta.data());
    const State psi = at(cell), base = background(cell);
    const double gamma = std::isnan(config.gamma) ? net.gamma : config.gamma;
    Outcome out{State(n), 0};
    double sum = 0;
    for (int c = 0; c < d(); ++c) {
      const std::complex<double> p(psi[c], psi[d() + c]);
      std::complex<double> change(delta[c], delta[d() + c]);
      if (net.product) change *= p;
      change -= gamma * p;
      const std::complex<double> s = p + change;
      out.activity = std::max(out.activity, static_cast<float>(std::abs(s - std::complex<double>(base[c], base[d() + c]))));
      sum += std::norm(s);
      out.state[c] = static_cast<float>(s.real());
      out.state[d() + c] = static_cast<float>(s.imag());
    }
    const double scale = config.normalize != 0 ? 1.0 / (std::sqrt(sum) + 1e-9) : 1.0;
    for (float& v : out.state) v = static_cast<float>(v * scale);
    return out;
  }
};

// Active cells of an engine as a map.
inline std::map<Cell, State> cells_of(const ath_engine* engine, int d) {
  const size_t count = ath_engine_active_count(engine);
  std::vector<int64_t> coords(3 * count);
  std::vector<float> states(2 * static_cast<size_t>(d) * count);
  ath_engine_export(engine, coords.data(), states.data());
  std::map<Cell, State> cells;
  for (size_t i = 0; i < count; ++i) {
    State state(2 * d);
    for (int c = 0; c < d; ++c) {
      state[c] = states[(i * d + c) * 2];
      state[d + c] = states[(i * d + c) * 2 + 1];
    }
    cells[{coords[3 * i], coords[3 * i + 1], coords[3 * i + 2]}] = state;
  }
  return cells;
}

inline void write(ath_engine* engine, const std::map<Cell, State>& cells, int d) {
  std::vector<int64_t> coords;
  std::vector<float> states;
  for (const auto& [cell, state] : cells) {
    coords.insert(coords.end(), cell.begin(), cell.end());
    for (int c = 0; c < d; ++c) {
      states.push_back(state[c]);
      states.push_back(state[d + c]);
    }
  }
  if (ath_engine_write(engine, coords.data(), states.data(), cells.size()) != ATH_OK) std::fprintf(stderr, "write: %s\n", ath_status_message());
}

// A universe's cells scattered at random in [x0, x0 + extent) squared, unit norm.
inline std::map<Cell, State> random_cells(int count, int64_t x0, int64_t y0, int64_t extent_x, int64_t extent_y, int planes, int d, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::map<Cell, State> cells;
  for (int i = 0; i < count; ++i) {
    const Cell cell{x0 + static_cast<int64_t>(random() % extent_x), y0 + static_cast<int64_t>(random() % extent_y),
                    static_cast<int64_t>(random() % planes) - planes / 2};
    State state(2 * d);
    float sum = 0;
    for (float& v : state) {
      v = normal(random);
      sum += v * v;
    }
    for (float& v : state) v /= std::sqrt(sum);
    cells[cell] = state;
  }
  return cells;
}

}  // namespace oracle
