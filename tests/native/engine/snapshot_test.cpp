// Snapshots: resume bit for bit, refuse damage anywhere, refuse another configuration, appear whole or not at all.
#include "checksum.hpp"
#include "engine_fixture.hpp"
#include "../temporary_folder.hpp"

namespace {

const plain::Net kNet = plain::random_net(3, {3, 3}, 4, 11, 2.0f);

const expect::TemporaryFolder& the_folder() {
  static const expect::TemporaryFolder folder;
  return folder;
}

std::string temporary_folder() { return the_folder().path; }

void remove(const std::string& path) { std::filesystem::remove(expect::path_of(path)); }

std::string read_all(const std::string& path) {
  std::string bytes;
  if (std::FILE* file = std::fopen(path.c_str(), "rb")) {
    char part[4096];
    for (size_t count; (count = std::fread(part, 1, sizeof part, file)) != 0;) bytes.append(part, count);
    std::fclose(file);
  }
  return bytes;
}

void write_all(const std::string& path, const std::string& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fclose(file);
}

ath_law make_law(uint8_t digest = 1, float gamma = 0) {
  plain::Net net = kNet;
  net.gamma = gamma;
  const ath_law law = plain::make_callback_law(net);
  static_cast<plain::Callback*>(law.self)->info.digest[3] = digest;
  return law;
}

}  // namespace

TEST(resumes_bit_for_bit) {
  const std::string path = temporary_folder() + "/resume";
  for (const ath_background background : {ATH_BACKGROUND_ZERO, ATH_BACKGROUND_STATIC, ATH_BACKGROUND_FLUCTUATING}) {
    for (const ath_domain domain : {ATH_DOMAIN_INFINITE, ATH_DOMAIN_BOUNDED, ATH_DOMAIN_PERIODIC}) {
      for (const uint64_t steps : {0, 1, 4}) {
        ath_engine_config config = default_config();
        config.background = background;
        config.domain = domain;
        config.extent_x = 50;
        config.extent_y = 37;
        config.seed = 77;
        EnginePointer engine = make_engine(make_law(), config);
        oracle::write(engine.get(), oracle::random_cells(50, 0, 0, 50, 37, 2, 3, 1), 3);
        EXPECT_OK(ath_engine_step(engine.get(), steps, nullptr, nullptr, nullptr));
        EXPECT_OK(ath_engine_save(engine.get(), path.c_str()));
        EnginePointer resumed = make_engine(make_law(), config);
        oracle::write(resumed.get(), oracle::random_cells(50, 0, 0, 40, 30, 1, 3, 2), 3);  // must vanish
        EXPECT_OK(ath_engine_step(resumed.get(), 1, nullptr, nullptr, nullptr));
        EXPECT_OK(ath_engine_load(resumed.get(), path.c_str(), false));
        EXPECT_EQ(ath_engine_step_number(resumed.get()), steps);
        EXPECT_EQ(ath_engine_active_count(resumed.get()), ath_engine_active_count(engine.get()));
        EXPECT(state_bytes(resumed.get(), 3) == state_bytes(engine.get(), 3));
        for (int i = 0; i < 3; ++i) {
          EXPECT_OK(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr));
          EXPECT_OK(ath_engine_step(resumed.get(), 1, nullptr, nullptr, nullptr));
          EXPECT(state_bytes(resumed.get(), 3) == state_bytes(engine.get(), 3));
        }
        // The same state gives the same file.
        EXPECT_OK(ath_engine_save(engine.get(), path.c_str()));
        const std::string bytes = read_all(path);
        EXPECT_OK(ath_engine_save(resumed.get(), path.c_str()));
        EXPECT(read_all(path) == bytes);
        EXPECT_EQ(bytes.size(), 160 + 48 * ath_engine_tile_count(engine.get()) + 24 * ath_engine_active_count(engine.get()));
      }
    }
  }
  remove(path);
}

TEST(damage_anywhere_is_refused_and_changes_nothing) {
  const std::string path = temporary_folder() + "/damaged";
  EnginePointer engine = make_engine(make_law(), default_config());
  oracle::write(engine.get(), oracle::random_cells(8, -20, -20, 40, 40, 1, 3, 1), 3);
  EXPECT_OK(ath_engine_save(engine.get(), path.c_str()));
  const std::string good = read_all(path);
  EnginePointer other = make_engine(make_law(), default_config());
  oracle::write(other.get(), oracle::random_cells(5, 0, 0, 40, 40, 1, 3, 2), 3);
  EXPECT_OK(ath_engine_step(other.get(), 1, nullptr, nullptr, nullptr));
  const std::string before = state_bytes(other.get(), 3);
  const auto refused = [&](const std::string& bytes) {
    write_all(path, bytes);
    const ath_status status = ath_engine_load(other.get(), path.c_str(), true);
    return (status == ATH_DATA_LOSS || status == ATH_VERSION_MISMATCH) && state_bytes(other.get(), 3) == before && ath_engine_step_number(other.get()) == 1;
  };
  for (size_t i = 0; i < good.size(); ++i) {  // every byte
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    if (!EXPECT(refused(bytes))) std::fprintf(stderr, "  byte %zu: %s\n", i, ath_status_message());
  }
  for (size_t length : {size_t{0}, size_t{1}, size_t{8}, size_t{100}, size_t{159}, size_t{160}, good.size() / 2, good.size() - 1}) {
    EXPECT(refused(good.substr(0, length)));
  }
  EXPECT(refused(good + '\0'));
  EXPECT(refused(good + good));
  EXPECT(refused(std::string(1000, '\0')));
  write_all(path, good);
  EXPECT_OK(ath_engine_load(other.get(), path.c_str(), false));
  remove(path);
}

TEST(another_engine_is_refused) {
  const std::string path = temporary_folder() + "/other";
  ath_engine_config config = default_config();
  config.domain = ATH_DOMAIN_PERIODIC;
  config.extent_x = config.extent_y = 48;
  config.background = ATH_BACKGROUND_STATIC;
  config.seed = 5;
  EnginePointer engine = make_engine(make_law(), config);
  oracle::write(engine.get(), oracle::random_cells(30, 0, 0, 48, 48, 1, 3, 1), 3);
  EXPECT_OK(ath_engine_save(engine.get(), path.c_str()));
  const std::pair<std::function<void(ath_engine_config&)>, const char*> changes[] = {
      {[](ath_engine_config& c) { c.domain = ATH_DOMAIN_BOUNDED; }, "domain"},
      {[](ath_engine_config& c) { c.extent_x = 64; }, "extent_x"},
      {[](ath_engine_config& c) { c.extent_y = 64; }, "extent_y"},
      {[](ath_engine_config& c) { c.background = ATH_BACKGROUND_FLUCTUATING; }, "background"},
      {[](ath_engine_config& c) { c.seed = 6; }, "seed"},
      {[](ath_engine_config& c) { c.activity = ATH_ACTIVITY_EXACT; }, "activity"},
      {[](ath_engine_config& c) { c.normalize = 0; }, "normalize"},
      {[](ath_engine_config& c) { c.eps_on = 0.5f; }, "eps_on"},
      {[](ath_engine_config& c) { c.eps_off = 0.001f; }, "eps_off"},
      {[](ath_engine_config& c) { c.gamma = 0.5f; }, "gamma"},
  };
  for (const auto& [change, field] : changes) {
    ath_engine_config changed = config;
    change(changed);
    EnginePointer other = make_engine(make_law(), changed);
    EXPECT_STATUS(ath_engine_load(other.get(), path.c_str(), false), ATH_FAILED_PRECONDITION);
    EXPECT_CONTAINS(ath_status_message(), field);
    EXPECT_EQ(ath_engine_active_count(other.get()), 0u);
  }
  EnginePointer other_law = make_engine(make_law(9), config);
  EXPECT_STATUS(ath_engine_load(other_law.get(), path.c_str(), false), ATH_FAILED_PRECONDITION);
  EXPECT_CONTAINS(ath_status_message(), "another law");
  EXPECT_OK(ath_engine_load(other_law.get(), path.c_str(), true));
  EXPECT(state_bytes(other_law.get(), 3) == state_bytes(engine.get(), 3));
  EnginePointer same = make_engine(make_law(), config);
  EXPECT_OK(ath_engine_load(same.get(), path.c_str(), false));
  const ath_law narrow = plain::make_callback_law(plain::random_net(2, {3}, 4, 1));
  EnginePointer other_d = make_engine(narrow, config);
  EXPECT_STATUS(ath_engine_load(other_d.get(), path.c_str(), true), ATH_FAILED_PRECONDITION);
  EXPECT_CONTAINS(ath_status_message(), "d (complex channels)");
  remove(path);
}

TEST(what_has_no_effect_is_no_difference) {
  const std::string path = temporary_folder() + "/same";
  ath_engine_config config = default_config();
  config.activity = ATH_ACTIVITY_EXACT;
  EnginePointer engine = make_engine(make_law(), config);
  EXPECT_OK(ath_engine_save(engine.get(), path.c_str()));
  config.seed = 99;
  config.eps_on = 0.7f;
  config.extent_x = 5;
  config.batch_tiles = 2;
  EnginePointer other = make_engine(make_law(), config);
  EXPECT_OK(ath_engine_load(other.get(), path.c_str(), false));
  remove(path);
}

TEST(files_appear_whole_or_not_at_all) {
  const std::string path = temporary_folder() + "/whole";
  EnginePointer engine = make_engine(make_law(), default_config());
  EXPECT_STATUS(ath_engine_load(engine.get(), path.c_str(), false), ATH_NOT_FOUND);
  EXPECT_CONTAINS(ath_status_message(), path);
  EXPECT_STATUS(ath_engine_save(engine.get(), (path + "/no/such/folder").c_str()), ATH_IO_ERROR);
  EXPECT_CONTAINS(ath_status_message(), "no/such/folder");
  EXPECT_STATUS(ath_engine_load(engine.get(), temporary_folder().c_str(), false), ATH_IO_ERROR);
  // A folder where the file should go: the rename fails, and the temporary goes away.
  std::filesystem::create_directory(expect::path_of(path));
  EXPECT_STATUS(ath_engine_save(engine.get(), path.c_str()), ATH_IO_ERROR);
  remove(path);
  EXPECT_EQ(the_folder().entries(), 0);
  EXPECT_OK(ath_engine_save(engine.get(), path.c_str()));
  EXPECT_OK(ath_engine_load(engine.get(), path.c_str(), false));
  remove(path);
}

TEST(right_sums_do_not_make_wrong_contents_right) {
  const std::string path = temporary_folder() + "/hostile";
  EnginePointer engine = make_engine(make_law(), default_config());
  oracle::write(engine.get(), oracle::random_cells(8, 0, 0, 16, 16, 1, 3, 1), 3);
  EXPECT_OK(ath_engine_save(engine.get(), path.c_str()));
  const std::string good = read_all(path), before = state_bytes(engine.get(), 3);
  const auto load_with = [&](size_t at, const void* bytes, size_t count) {
    std::string spoiled = good;
    std::memcpy(spoiled.data() + at, bytes, count);
    const auto sign = [&](size_t begin, size_t end, size_t place) {
      atheria::engine::Checksum sum;
      sum.add(spoiled.data() + begin, end - begin);
      const uint64_t value = sum.value();
      std::memcpy(spoiled.data() + place, &value, sizeof value);
    };
    sign(160, spoiled.size(), 136);
    sign(0, 152, 152);
    write_all(path, spoiled);
    return ath_engine_load(engine.get(), path.c_str(), false);
  };
  for (const float value : {std::nanf(""), INFINITY, -INFINITY}) {
    EXPECT_STATUS(load_with(good.size() - 20, &value, sizeof value), ATH_DATA_LOSS);
    EXPECT_CONTAINS(ath_status_message(), "a cell's state is not finite");
  }
  for (const uint64_t step : {~uint64_t{0}, (uint64_t{1} << 63) + 1}) {
    EXPECT_STATUS(load_with(72, &step, sizeof step), ATH_DATA_LOSS);
    EXPECT_CONTAINS(ath_status_message(), "its step number is above 2^63");
  }
  EXPECT(state_bytes(engine.get(), 3) == before);
  EXPECT_EQ(ath_engine_step_number(engine.get()), 0u);
  const uint64_t last = uint64_t{1} << 63;
  EXPECT_OK(load_with(72, &last, sizeof last));
  EXPECT_EQ(ath_engine_step_number(engine.get()), last);
  remove(path);
}

TEST(a_length_that_is_not_the_files_is_refused_before_memory_is_asked_for) {
  const std::string path = temporary_folder() + "/sparse";
  EnginePointer engine = make_engine(make_law(), default_config());
  EXPECT_OK(ath_engine_save(engine.get(), path.c_str()));
  if (!expect::resize_file(path, uint64_t{8} << 40)) {
    remove(path);
    SKIP("no sparse file of 8 TiB can be made in the temporary folder");
  }
  EXPECT_STATUS(ath_engine_load(engine.get(), path.c_str(), false), ATH_DATA_LOSS);
  EXPECT_CONTAINS(ath_status_message(), "has not the length that its header says");
  remove(path);
}

EXPECT_MAIN
