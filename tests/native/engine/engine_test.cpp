// The C API: what fails leaves the state of before (laws, numbers, space, arguments), and stopping works.
#include <limits>
#include <stdexcept>
#include <thread>

#include "engine_fixture.hpp"

namespace {

const plain::Net kNet = plain::random_net(2, {3}, 4, 11, 2.0f);

}  // namespace

TEST(a_failing_law_leaves_the_state) {
  for (const uint32_t flags : {0u, ATH_LAW_ONE_CALL}) {
    for (const ath_background background : {ATH_BACKGROUND_ZERO, ATH_BACKGROUND_FLUCTUATING}) {
      PoolPointer pool = make_pool(2);
      ath_engine_config config = default_config();
      config.background = background;
      config.batch_tiles = 1;
      int fail_at = -1, calls = 0;
      const auto before = [&](const ath_law_batch&) -> ath_status {
        if (fail_at >= 0 && __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) > fail_at) return ath_status_set(ATH_UNAVAILABLE, "the law is tired");
        return ATH_OK;
      };
      EnginePointer engine = make_engine(plain::make_callback_law(kNet, flags, before), config, pool.get());
      EnginePointer undisturbed = make_engine(plain::make_callback_law(kNet, flags), config);
      const auto cells = oracle::random_cells(60, -40, -40, 80, 80, 1, 2, 5);
      oracle::write(engine.get(), cells, 2);
      oracle::write(undisturbed.get(), cells, 2);
      for (int round = 0; round < 4; ++round) {
        const std::string bytes = state_bytes(engine.get(), 2);
        fail_at = flags != 0 ? 0 : round;
        calls = 0;
        EXPECT_STATUS(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr), ATH_UNAVAILABLE);
        EXPECT_CONTAINS(ath_status_message(), "tired");
        EXPECT(state_bytes(engine.get(), 2) == bytes);
        EXPECT_EQ(ath_engine_step_number(engine.get()), static_cast<uint64_t>(round));
        fail_at = -1;
        EXPECT_OK(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr));
        EXPECT_OK(ath_engine_step(undisturbed.get(), 1, nullptr, nullptr, nullptr));
        EXPECT(state_bytes(engine.get(), 2) == state_bytes(undisturbed.get(), 2));
      }
    }
  }
}

TEST(a_value_that_is_not_finite_fails_the_step) {
  plain::Net net = kNet;
  net.layers[0].weights[0] = std::numeric_limits<float>::infinity();
  for (const ath_activity activity : {ATH_ACTIVITY_EXACT, ATH_ACTIVITY_THRESHOLD}) {
    for (const uint32_t normalize : {0u, 1u}) {
      ath_engine_config config = default_config();
      config.activity = activity;
      config.normalize = normalize;
      EnginePointer engine = make_engine(plain::make_callback_law(net), config);
      const int64_t at[3] = {3, 4, 5};
      const float state[4] = {1, 0, 0, 0};
      EXPECT_OK(ath_engine_write(engine.get(), at, state, 1));
      EXPECT_STATUS(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr), ATH_FAILED_PRECONDITION);
      EXPECT_CONTAINS(ath_status_message(), "step 1: law \"callback\" gave a value that is not finite at cell (");
      EXPECT_EQ(ath_engine_active_count(engine.get()), 1u);
      EXPECT_EQ(ath_engine_step_number(engine.get()), 0u);
    }
  }
}

TEST(stop_is_asked_between_steps) {
  EnginePointer engine = make_engine(plain::make_callback_law(kNet), default_config());
  int asked = 0;
  const auto stop = [](void* context) { return ++*static_cast<int*>(context) == 3; };
  EXPECT_STATUS(ath_engine_step(engine.get(), 10, stop, &asked, nullptr), ATH_CANCELLED);
  EXPECT_EQ(ath_engine_step_number(engine.get()), 3u);
  EXPECT_OK(ath_engine_step(engine.get(), 1, stop, &asked, nullptr));
  EXPECT_EQ(asked, 3);
}

TEST(coordinates_out_of_range_change_nothing) {
  const int64_t far = int64_t{1} << 24;
  struct Wrong {
    ath_domain domain;
    int64_t cell[3];
  };
  const Wrong wrong[] = {{ATH_DOMAIN_INFINITE, {far, 0, 0}},       {ATH_DOMAIN_INFINITE, {-far - 1, 0, 0}}, {ATH_DOMAIN_INFINITE, {0, far, 0}},
                         {ATH_DOMAIN_INFINITE, {0, 0, 1 << 20}},   {ATH_DOMAIN_INFINITE, {0, INT64_MIN, 0}}, {ATH_DOMAIN_INFINITE, {INT64_MAX, 0, 0}},
                         {ATH_DOMAIN_INFINITE, {0, 0, INT64_MIN}}, {ATH_DOMAIN_BOUNDED, {20, 0, 0}},         {ATH_DOMAIN_BOUNDED, {0, -1, 0}},
                         {ATH_DOMAIN_PERIODIC, {0, 30, 0}},        {ATH_DOMAIN_PERIODIC, {-1, 0, 0}}};
  for (const Wrong& w : wrong) {
    ath_engine_config config = default_config();
    config.domain = w.domain;
    config.extent_x = 20;
    config.extent_y = 30;
    EnginePointer engine = make_engine(plain::make_callback_law(kNet), config);
    const int64_t coords[9] = {1, 2, 3, w.cell[0], w.cell[1], w.cell[2], 4, 5, 6};
    const int64_t* right = coords;
    float states[12] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
    EXPECT_OK(ath_engine_write(engine.get(), right, states, 1));
    const std::string bytes = state_bytes(engine.get(), 2);
    states[0] = 5;
    EXPECT_STATUS(ath_engine_write(engine.get(), coords, states, 3), ATH_OUT_OF_RANGE);
    char name[80];
    std::snprintf(name, sizeof name, "(%lld, %lld, %lld)", static_cast<long long>(w.cell[0]), static_cast<long long>(w.cell[1]),
                  static_cast<long long>(w.cell[2]));
    EXPECT_CONTAINS(ath_status_message(), name);
    EXPECT_STATUS(ath_engine_activate(engine.get(), coords, 3), ATH_OUT_OF_RANGE);
    EXPECT_STATUS(ath_engine_deactivate(engine.get(), coords, 3), ATH_OUT_OF_RANGE);
    EXPECT_STATUS(ath_engine_read(engine.get(), coords, 3, states), ATH_OUT_OF_RANGE);
    EXPECT(state_bytes(engine.get(), 2) == bytes);
    EXPECT_EQ(ath_engine_active_count(engine.get()), 1u);
  }
}

TEST(activity_at_the_end_of_space_is_refused) {
  ath_engine_config config = default_config();
  config.activity = ATH_ACTIVITY_EXACT;
  EnginePointer engine = make_engine(plain::make_callback_law(kNet), config);
  const int64_t at[3] = {(int64_t{1} << 24) - 2, 0, 0};
  const float state[4] = {1, 0, 0, 0};
  EXPECT_OK(ath_engine_write(engine.get(), at, state, 1));
  EXPECT_OK(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr));
  const std::string bytes = state_bytes(engine.get(), 2);
  EXPECT_STATUS(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr), ATH_OUT_OF_RANGE);
  EXPECT(state_bytes(engine.get(), 2) == bytes);
  EXPECT_EQ(ath_engine_step_number(engine.get()), 1u);
}

TEST(wrong_states_are_refused) {
  EnginePointer engine = make_engine(plain::make_callback_law(kNet), default_config());
  const int64_t coords[6] = {1, 2, 3, 4, 5, 6};
  const float states[8] = {1, 0, 0, 0, 0, 0, std::nanf(""), 0};
  EXPECT_STATUS(ath_engine_write(engine.get(), coords, states, 2), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "cell 1 at (4, 5, 6)");
  EXPECT_CONTAINS(ath_status_message(), "channel 1");
  EXPECT_EQ(ath_engine_active_count(engine.get()), 0u);
}

TEST(wrong_configurations_are_refused_and_the_law_destroyed) {
  struct Wrong {
    std::function<void(ath_engine_config&)> spoil;
    const char* says;
    ath_status status = ATH_INVALID_ARGUMENT;
  };
  const Wrong wrong[] = {
      {[](ath_engine_config& c) { c.struct_bytes = 8; }, "struct_bytes"},
      {[](ath_engine_config& c) { c.domain = 3; }, "domain 3"},
      {[](ath_engine_config& c) { c.background = 9; }, "background 9"},
      {[](ath_engine_config& c) { c.activity = 2; }, "activity 2"},
      {[](ath_engine_config& c) { c.normalize = 2; }, "normalize 2"},
      {[](ath_engine_config& c) { c.domain = ATH_DOMAIN_BOUNDED; }, "extent 0"},
      {[](ath_engine_config& c) { c.domain = ATH_DOMAIN_PERIODIC, c.extent_x = 8, c.extent_y = -1; }, "extent -1"},
      {[](ath_engine_config& c) { c.eps_on = 1, c.eps_off = 2; }, "eps_off 2"},
      {[](ath_engine_config& c) { c.eps_on = NAN; }, "eps_on"},
      {[](ath_engine_config& c) { c.gamma = INFINITY; }, "gamma"},
      {[](ath_engine_config& c) { c.batch_tiles = 1000000; }, "batch_tiles 1000000"},
  };
  int destroyed = 0, made = 0;
  for (const Wrong& w : wrong) {
    ath_engine_config config = default_config();
    w.spoil(config);
    const ath_law law = plain::make_callback_law(kNet, 0, nullptr, &destroyed);
    ath_engine* engine = nullptr;
    EXPECT_STATUS(ath_engine_create(&law, &config, &devices().device, 1, nullptr, &engine), w.status);
    EXPECT_CONTAINS(ath_status_message(), w.says);
    EXPECT(engine == nullptr);
    EXPECT_EQ(destroyed, ++made);
  }
  struct WrongLaw {
    std::function<void(ath_law&, ath_law_info&)> spoil;
    const char* says;
    ath_status status;
  };
  const WrongLaw laws[] = {
      {[](ath_law& l, ath_law_info&) { l.abi_version = 77; }, "77", ATH_VERSION_MISMATCH},
      {[](ath_law& l, ath_law_info&) { l.struct_bytes = 8; }, "8 bytes", ATH_INVALID_ARGUMENT},
      {[](ath_law& l, ath_law_info&) { l.forward = nullptr; }, "forward", ATH_INVALID_ARGUMENT},
      {[](ath_law&, ath_law_info& i) { i.channels = 3; }, "3 channels", ATH_UNSUPPORTED},
      {[](ath_law&, ath_law_info& i) { i.channels = 0; }, "0 channels", ATH_UNSUPPORTED},
      {[](ath_law&, ath_law_info& i) { i.radius = 5000; }, "radius 5000", ATH_UNSUPPORTED},
      {[](ath_law&, ath_law_info& i) { i.alignment = 3; }, "multiples of 3", ATH_UNSUPPORTED},
      {[](ath_law&, ath_law_info& i) { i.gamma = NAN; }, "gamma", ATH_UNSUPPORTED},
  };
  for (const WrongLaw& w : laws) {
    ath_law law = plain::make_callback_law(kNet, 0, nullptr, &destroyed);
    w.spoil(law, static_cast<plain::Callback*>(law.self)->info);
    const ath_engine_config config = default_config();
    ath_engine* engine = nullptr;
    EXPECT_STATUS(ath_engine_create(&law, &config, &devices().device, 1, nullptr, &engine), w.status);
    EXPECT_CONTAINS(ath_status_message(), w.says);
    EXPECT_EQ(destroyed, ++made);
  }
  {
    ath_law law = plain::make_callback_law(kNet, 0, nullptr, &destroyed);
    static_cast<plain::Callback*>(law.self)->info.alignment = 4;
    ath_engine_config config = default_config();
    config.domain = ATH_DOMAIN_PERIODIC;
    config.extent_x = 64;
    config.extent_y = 66;
    ath_engine* engine = nullptr;
    EXPECT_STATUS(ath_engine_create(&law, &config, &devices().device, 1, nullptr, &engine), ATH_UNSUPPORTED);
    EXPECT_CONTAINS(ath_status_message(), "multiple of 4");
    EXPECT_EQ(destroyed, ++made);
  }
  make_engine(plain::make_callback_law(kNet, 0, nullptr, &destroyed), default_config());
  EXPECT_EQ(destroyed, ++made);
}

TEST(null_arguments_are_refused) {
  EnginePointer engine = make_engine(plain::make_callback_law(kNet), default_config());
  const int64_t at[3] = {0, 0, 0};
  float state[4] = {};
  EXPECT_STATUS(ath_engine_write(nullptr, at, state, 1), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_engine_write(engine.get(), nullptr, state, 1), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_engine_write(engine.get(), at, nullptr, 1), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_engine_read(engine.get(), at, 1, nullptr), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_engine_save(engine.get(), nullptr), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_engine_view(engine.get(), ATH_VIEW_REAL, nullptr, state), ATH_INVALID_ARGUMENT);
  ath_step_report small{};
  EXPECT_STATUS(ath_engine_step(engine.get(), 1, nullptr, nullptr, &small), ATH_INVALID_ARGUMENT);
  EXPECT_EQ(ath_engine_step_number(engine.get()), 0u);
  EXPECT_OK(ath_engine_write(engine.get(), nullptr, nullptr, 0));
  EXPECT_OK(ath_engine_export(engine.get(), nullptr, nullptr));
  ath_engine_destroy(nullptr);
}

TEST(what_a_law_throws_ends_in_a_status) {
  for (const uint32_t flags : {0u, ATH_LAW_ONE_CALL}) {
    for (const uint32_t threads : {1u, 2u}) {
      PoolPointer pool = make_pool(threads);
      int kind = 0;
      const auto before = [&](const ath_law_batch&) -> ath_status {
        if (kind == 1) throw std::runtime_error("the law is torn");
        if (kind == 2) throw 7;
        return ATH_OK;
      };
      ath_engine_config config = default_config();
      config.batch_tiles = 1;
      EnginePointer engine = make_engine(plain::make_callback_law(kNet, flags, before), config, pool.get());
      oracle::write(engine.get(), oracle::random_cells(60, -40, -40, 80, 80, 1, 2, 5), 2);
      const std::string bytes = state_bytes(engine.get(), 2);
      for (const int thrown : {1, 2}) {
        kind = thrown;
        EXPECT_STATUS(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr), ATH_INTERNAL);
        EXPECT_CONTAINS(ath_status_message(), thrown == 1 ? "the law is torn" : "C++ exception");
        EXPECT(state_bytes(engine.get(), 2) == bytes);
        EXPECT_EQ(ath_engine_step_number(engine.get()), 0u);
      }
      kind = 0;
      EXPECT_OK(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr));
    }
  }
}

TEST(many_threads_read_one_engine) {
  // Tiles that come in falling order, and a failed call that left some: readers must find nothing left to sort.
  EnginePointer engine = make_engine(plain::make_callback_law(kNet), default_config());
  std::map<oracle::Cell, oracle::State> cells;
  for (int64_t i = 200; i > 0; --i) cells[{16 * i, -16 * i, 0}] = {1, 0, 0, 0};
  for (auto cell = cells.rbegin(); cell != cells.rend(); ++cell) {
    EXPECT_OK(ath_engine_write(engine.get(), cell->first.data(), cell->second.data(), 1));
  }
  const std::string expected = [&] {
    EnginePointer other = make_engine(plain::make_callback_law(kNet), default_config());
    oracle::write(other.get(), cells, 2);
    return state_bytes(other.get(), 2);
  }();
  std::vector<std::thread> readers;
  std::vector<int> wrong(4, 0);
  for (size_t i = 0; i < 4; ++i) {
    readers.emplace_back([&, i] {
      int64_t box[6];
      ath_engine_bounds(engine.get(), box);
      wrong[i] += ath_engine_tile_count(engine.get()) != 200 || box[0] != 16 || box[3] != 3201;
      wrong[i] += state_bytes(engine.get(), 2) != expected;
    });
  }
  for (std::thread& reader : readers) reader.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

EXPECT_MAIN
