// An engine on the cpu device with a law, released at the end of the test.
#pragma once

#include <memory>

#include "../expect.hpp"
#include "atheria/engine.h"
#include "oracle.hpp"
#include "plain_net.hpp"

struct Devices {
  ath_instance* instance = nullptr;
  ath_device* device = nullptr;
  Devices() {
    EXPECT_OK(ath_instance_create(nullptr, &instance));
    EXPECT_OK(ath_device_open(instance, "auto", &device));
  }
  ~Devices() {
    ath_device_release(device);
    ath_instance_destroy(instance);
  }
};

inline Devices& devices() {
  static Devices all;
  return all;
}

using EnginePointer = std::unique_ptr<ath_engine, void (*)(ath_engine*)>;
using PoolPointer = std::unique_ptr<ath_pool, void (*)(ath_pool*)>;

inline PoolPointer make_pool(uint32_t threads) {
  ath_pool* pool = nullptr;
  EXPECT_OK(ath_pool_create(threads, &pool));
  return {pool, ath_pool_destroy};
}

inline ath_engine_config default_config() {
  ath_engine_config config;
  ath_engine_config_default(&config);
  return config;
}

inline EnginePointer make_engine(const ath_law& law, const ath_engine_config& config, ath_pool* pool = nullptr) {
  ath_engine* engine = nullptr;
  EXPECT_OK(ath_engine_create(&law, &config, &devices().device, 1, pool, &engine));
  return {engine, ath_engine_destroy};
}

inline ath_law program_law(const plain::Net& net) {
  ath_program* program = plain::make_program(net);
  ath_law law{};
  EXPECT_OK(ath_law_from_program(program, &devices().device, 1, &law));
  ath_program_release(program);
  return law;
}

// Everything that is bit for bit the state: coordinates and states in canonical order.
inline std::string state_bytes(const ath_engine* engine, int d) {
  const size_t count = ath_engine_active_count(engine);
  std::string bytes(count * (24 + 8 * static_cast<size_t>(d)), '\0');
  EXPECT_OK(ath_engine_export(engine, reinterpret_cast<int64_t*>(bytes.data()), reinterpret_cast<float*>(bytes.data() + count * 24)));
  return bytes;
}
