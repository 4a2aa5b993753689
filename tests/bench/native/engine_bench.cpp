// Measures the engine on one core, per active cell, as a share of this machine's multiply-add peak; prints JSON, a row a line.
//   engine_bench [--only WORD] [--samples N] [--batch TILES] [--folder PATH]
// Times are CPU time of this thread, so that other processes disturb less. The law is 3x3 16->32, ELU, 3x3 32->16 (d = 8): 18432 FLOP a cell.
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atheria/engine.h"
#include "peak.hpp"
#include "tiles.hpp"

namespace {

constexpr int kChannels = 16, kHidden = 32;
constexpr double kLawFlops = 2.0 * 9 * (kChannels * kHidden + kHidden * kChannels);

int samples = 11;
uint32_t batch_tiles = 0;
std::string folder = ".";
double peak_gflops = 0;
ath_device* device = nullptr;
bool first_row = true;

double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double wall_seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void check(ath_status status, const char* what) {
  if (status == ATH_OK) return;
  std::fprintf(stderr, "engine_bench: %s: %s: %s\n", what, ath_status_name(status), ath_status_message());
  std::exit(1);
}

struct Times {
  double median, p10, p90;
};

// Seconds of one call, each sample long enough for the clock.
Times measure(const std::function<void()>& call, const std::function<double()>& clock = seconds) {
  call();
  int repeats = 1;
  for (;;) {
    const double start = clock();
    for (int i = 0; i < repeats; ++i) call();
    if (clock() - start > 5e-3 || repeats >= 1 << 20) break;
    repeats *= 2;
  }
  std::vector<double> times;
  for (int s = 0; s < samples; ++s) {
    const double start = clock();
    for (int i = 0; i < repeats; ++i) call();
    times.push_back((clock() - start) / repeats);
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[times.size() / 10], times[times.size() * 9 / 10]};
}

void row(const char* name, const char* format, ...) __attribute__((format(printf, 2, 3)));
void row(const char* name, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  std::printf("%s\n  {\"name\": \"%s\", %s}", first_row ? "" : ",", name, text);
  std::fflush(stdout);
  first_row = false;
}

double measure_peak() {
  using namespace atheria::bench;
  double (*burst)(int64_t) = fma_burst_baseline;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) burst = fma_burst_avx2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) burst = fma_burst_avx512;
#endif
  double best = 0;
  for (int i = 0; i < 15; ++i) {
    const double start = seconds();
    const double done = burst(400000);
    best = std::max(best, done / (seconds() - start));
  }
  return best * 1e-9;
}

uint32_t add_tensor(ath_program* program, const char* name, ath_role role, std::vector<ath_dimension> dims, const std::vector<float>* values) {
  ath_tensor tensor{};
  std::snprintf(tensor.name, sizeof tensor.name, "%s", name);
  tensor.dtype = ATH_DTYPE_F32;
  tensor.role = role;
  tensor.rank = static_cast<uint32_t>(dims.size());
  std::copy(dims.begin(), dims.end(), tensor.dims);
  uint32_t handle = 0;
  check(ath_program_add_tensor(program, &tensor, values != nullptr ? values->data() : nullptr, values != nullptr ? values->size() * sizeof(float) : 0, &handle),
        name);
  return handle;
}

ath_law make_law() {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-0.05f, 0.05f);
  std::vector<float> first(9 * kChannels * kHidden), second(9 * kHidden * kChannels);
  for (float& w : first) w = uniform(random);
  for (float& w : second) w = uniform(random);
  ath_program* program = nullptr;
  check(ath_program_create(&program), "program");
  check(ath_program_set_metadata(program, "name", "conv 16-32-16"), "metadata");
  const uint32_t x = add_tensor(program, "x", ATH_ROLE_INPUT, {{'B', 0}, {'H', 0}, {'W', 0}, {0, kChannels}}, nullptr);
  const uint32_t w0 = add_tensor(program, "w0", ATH_ROLE_CONSTANT, {{0, 3}, {0, 3}, {0, kChannels}, {0, kHidden}}, &first);
  const uint32_t w1 = add_tensor(program, "w1", ATH_ROLE_CONSTANT, {{0, 3}, {0, 3}, {0, kHidden}, {0, kChannels}}, &second);
  const uint32_t h = add_tensor(program, "h", ATH_ROLE_LOCAL, {{'B', 0}, {'H', -2}, {'W', -2}, {0, kHidden}}, nullptr);
  const uint32_t a = add_tensor(program, "a", ATH_ROLE_LOCAL, {{'B', 0}, {'H', -2}, {'W', -2}, {0, kHidden}}, nullptr);
  const uint32_t y = add_tensor(program, "y", ATH_ROLE_OUTPUT, {{'B', 0}, {'H', -4}, {'W', -4}, {0, kChannels}}, nullptr);
  for (const ath_instruction& instruction : {ath_instruction{ATH_OP_CONV2D, {h, x, w0, ATH_NONE}}, ath_instruction{ATH_OP_ELU, {a, h, 0, 0}},
                                             ath_instruction{ATH_OP_CONV2D, {y, a, w1, ATH_NONE}}, ath_instruction{ATH_OP_HALT, {0, 0, 0, 0}}}) {
    check(ath_program_add_instruction(program, &instruction), "instruction");
  }
  ath_law law{};
  check(ath_law_from_program(program, &device, 1, &law), "law");
  ath_program_release(program);
  return law;
}

using Engine = std::unique_ptr<ath_engine, void (*)(ath_engine*)>;

// Active cells stay exactly those that were written: nothing wakes, nothing sleeps. So every step costs the same.
Engine make_engine(ath_domain domain, int64_t extent) {
  ath_engine_config config;
  ath_engine_config_default(&config);
  config.domain = domain;
  config.extent_x = config.extent_y = extent;
  config.eps_on = 1e30f;
  config.eps_off = 0;
  config.batch_tiles = batch_tiles;
  const ath_law law = make_law();
  ath_engine* engine = nullptr;
  check(ath_engine_create(&law, &config, &device, 1, nullptr, &engine), "engine");
  return {engine, ath_engine_destroy};
}

void fill(ath_engine* engine, const std::vector<int64_t>& coords) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 0.25f);
  std::vector<float> states(coords.size() / 3 * kChannels);
  for (float& v : states) v = normal(random);
  check(ath_engine_write(engine, coords.data(), states.data(), coords.size() / 3), "write");
}

std::vector<int64_t> square(int64_t x0, int64_t y0, int64_t side) {
  std::vector<int64_t> coords;
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t x = 0; x < side; ++x) coords.insert(coords.end(), {x0 + x, y0 + y, 0});
  }
  return coords;
}

void bench_step(const char* name, Engine engine, const std::vector<int64_t>& coords) {
  fill(engine.get(), coords);
  ath_step_report report{};
  report.struct_bytes = sizeof report;
  const Times t = measure([&] { check(ath_engine_step(engine.get(), 1, nullptr, nullptr, &report), "step"); });
  const double active = static_cast<double>(report.active);
  row(name,
      "\"active\": %.0f, \"candidates\": %llu, \"tiles\": %llu, \"batches\": %llu, \"us_per_active\": %.4f, \"p10\": %.4f, \"p90\": %.4f, "
      "\"us_per_candidate\": %.4f, \"peak_share\": %.3f, \"peak_share_of_candidates\": %.3f",
      active, static_cast<unsigned long long>(report.candidates), static_cast<unsigned long long>(report.tiles),
      static_cast<unsigned long long>(report.batches), t.median / active * 1e6, t.p10 / active * 1e6, t.p90 / active * 1e6,
      t.median / static_cast<double>(report.candidates) * 1e6, active * kLawFlops / t.median * 1e-9 / peak_gflops,
      static_cast<double>(report.candidates) * kLawFlops / t.median * 1e-9 / peak_gflops);
}

void bench_occupancy() {
  bench_step("full 256^2", make_engine(ATH_DOMAIN_PERIODIC, 256), square(0, 0, 256));
  bench_step("full 1024^2", make_engine(ATH_DOMAIN_PERIODIC, 1024), square(0, 0, 1024));
  for (const double share : {0.001, 0.01, 0.1, 0.5}) {
    const int64_t side = std::llround(std::sqrt(share) * 1024);
    char name[64];
    std::snprintf(name, sizeof name, "blob %g%% of 1024^2", share * 100);
    bench_step(name, make_engine(ATH_DOMAIN_PERIODIC, 1024), square(503 - side / 2, 509 - side / 2, side));
    std::mt19937 random(3);
    std::vector<int64_t> coords = square(0, 0, 1024), chosen;
    for (size_t i = 0; i < coords.size(); i += 3) {
      if (random() < share * 4294967296.0) chosen.insert(chosen.end(), coords.begin() + static_cast<ptrdiff_t>(i), coords.begin() + static_cast<ptrdiff_t>(i) + 3);
    }
    std::snprintf(name, sizeof name, "scattered %g%% of 1024^2", share * 100);
    bench_step(name, make_engine(ATH_DOMAIN_PERIODIC, 1024), chosen);
  }
}

// t(A) = c0 + k A over three decades, as the coefficient of determination of a least-squares line through (A, t).
void bench_line() {
  std::vector<double> cells, times;
  for (const int64_t side : {16, 32, 64, 128, 256, 512}) {
    Engine engine = make_engine(ATH_DOMAIN_INFINITE, 0);
    fill(engine.get(), square(-side / 2, 1000000, side));
    const Times t = measure([&] { check(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr), "step"); });
    ath_step_report report{};
    report.struct_bytes = sizeof report;
    check(ath_engine_step(engine.get(), 1, nullptr, nullptr, &report), "step");
    cells.push_back(static_cast<double>(report.candidates));
    times.push_back(t.median);
  }
  const double n = static_cast<double>(cells.size());
  double sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    sx += cells[i], sy += times[i], sxx += cells[i] * cells[i], sxy += cells[i] * times[i], syy += times[i] * times[i];
  }
  const double k = (n * sxy - sx * sy) / (n * sxx - sx * sx), r = (n * sxy - sx * sy) / std::sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
  double lx = 0, ly = 0, lxx = 0, lxy = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    const double x = std::log(cells[i]), y = std::log(times[i]);
    lx += x, ly += y, lxx += x * x, lxy += x * y;
  }
  row("time over cells", "\"us_per_cell\": %.4f, \"r_squared\": %.5f, \"exponent\": %.3f", k * 1e6, r * r, (n * lxy - lx * ly) / (n * lxx - lx * lx));
  for (const int64_t offset : {int64_t{0}, int64_t{1000}, int64_t{1000000}, int64_t{-16000000}}) {
    char name[64];
    std::snprintf(name, sizeof name, "offset %lld", static_cast<long long>(offset));
    bench_step(name, make_engine(ATH_DOMAIN_INFINITE, 0), square(offset * 16 / 16 / 16 * 16, 0, 64));
  }
}

void bench_fixed() {
  Engine engine = make_engine(ATH_DOMAIN_INFINITE, 0);
  const Times empty = measure([&] { check(ath_engine_step(engine.get(), 1, nullptr, nullptr, nullptr), "step"); });
  row("empty universe", "\"us_per_step\": %.4f", empty.median * 1e6);
  using namespace atheria::engine;
  const Domain infinite{Axis(ATH_DOMAIN_INFINITE, 0), Axis(ATH_DOMAIN_INFINITE, 0)};
  Tiles tiles(infinite, kChannels, false);
  constexpr int kSide = 128;
  // All tiles come, are put in order, and go; the memory is there after the first round.
  const auto add = [&] {
    uint32_t slot;
    for (int32_t y = 0; y < kSide; ++y) {
      for (int32_t x = 0; x < kSide; ++x) check(tiles.find_or_add({x - 50, y - 50, 0}, &slot), "tile");
    }
  };
  std::vector<double> adding, sorting, removing;
  for (int i = 0; i < samples; ++i) {
    const double start = seconds();
    add();
    const double added = seconds();
    tiles.order();
    const double sorted = seconds();
    tiles.sweep([](const Tile&) { return false; });
    adding.push_back(added - start);
    sorting.push_back(sorted - added);
    removing.push_back(seconds() - sorted);
  }
  for (auto* times : {&adding, &sorting, &removing}) std::sort(times->begin(), times->end());
  const auto per_tile = [](const std::vector<double>& times) { return times[times.size() / 2] / (kSide * kSide) * 1e9; };
  row("topology change", "\"ns_per_tile_added\": %.2f, \"sorted\": %.2f, \"removed\": %.2f, \"tiles\": %d", per_tile(adding), per_tile(sorting),
      per_tile(removing), kSide * kSide);
  std::vector<int64_t> coords = square(-1000, 77, 64);
  std::vector<float> states(coords.size() / 3 * kChannels);
  const Times vacuum = measure([&] { check(ath_vacuum_evaluate(1, 2, coords.data(), coords.size() / 3, kChannels / 2, states.data()), "vacuum"); });
  row("vacuum", "\"ns_per_complex_channel\": %.3f", vacuum.median / (64 * 64 * kChannels / 2) * 1e9);
}

void bench_pictures() {
  Engine engine = make_engine(ATH_DOMAIN_INFINITE, 0);
  fill(engine.get(), square(5, 7, 512));
  std::vector<float> pixels(512 * 512 * 3);
  const ath_region region{5, 7, 517, 519, 0};
  const std::pair<ath_view, const char*> views[] = {{ATH_VIEW_DENSITY, "density"}, {ATH_VIEW_PHASE, "phase"}, {ATH_VIEW_HOLOGRAPHIC, "holographic"}};
  for (const auto& [view, name] : views) {
    const Times t = measure([&, v = view] { check(ath_engine_view(engine.get(), v, &region, pixels.data()), "view"); });
    row("view 512^2", "\"view\": \"%s\", \"ms\": %.3f", name, t.median * 1e3);
  }
  // The file system's own speed for the same bytes, with the same syncs and rename, alternating in the same run.
  const std::string path = folder + "/engine_bench.snapshot", plain_path = folder + "/engine_bench.plain";
  const size_t bytes = size_t{512} * 512 * kChannels * sizeof(float);
  const std::vector<char> block(bytes, 'x');
  const auto plain = [&] {
    const int file = ::open((plain_path + ".tmp").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ::write(file, block.data(), bytes) != static_cast<ssize_t>(bytes) || ::fsync(file) != 0) check(ATH_IO_ERROR, "plain write");
    ::close(file);
    ::rename((plain_path + ".tmp").c_str(), plain_path.c_str());
    const int parent = ::open(folder.c_str(), O_RDONLY);
    ::fsync(parent);
    ::close(parent);
  };
  std::vector<double> save, write, load;
  for (int i = 0; i < samples; ++i) {
    double start = wall_seconds();
    check(ath_engine_save(engine.get(), path.c_str()), "save");
    save.push_back(wall_seconds() - start);
    start = wall_seconds();
    plain();
    write.push_back(wall_seconds() - start);
    start = wall_seconds();
    check(ath_engine_load(engine.get(), path.c_str(), false), "load");
    load.push_back(wall_seconds() - start);
  }
  for (auto* times : {&save, &write, &load}) std::sort(times->begin(), times->end());
  const size_t middle = save.size() / 2;
  struct stat facts{};
  ::stat(path.c_str(), &facts);
  row("snapshot", "\"bytes\": %lld, \"cell_bytes\": %zu, \"save_ms\": %.2f, \"plain_write_ms\": %.2f, \"share_of_plain_write\": %.3f, \"load_ms\": %.2f",
      static_cast<long long>(facts.st_size), bytes, save[middle] * 1e3, write[middle] * 1e3, write[middle] / save[middle], load[middle] * 1e3);
  ::unlink(path.c_str());
  ::unlink(plain_path.c_str());
}

}  // namespace

int main(int argument_count, char** arguments) {
  const char* only = nullptr;
  for (int i = 1; i < argument_count; ++i) {
    const std::string word = arguments[i];
    const bool has_value = i + 1 < argument_count;
    if (word == "--only" && has_value) {
      only = arguments[++i];
    } else if (word == "--samples" && has_value) {
      samples = std::max(1, std::atoi(arguments[++i]));
    } else if (word == "--batch" && has_value) {
      batch_tiles = static_cast<uint32_t>(std::max(0, std::atoi(arguments[++i])));
    } else if (word == "--folder" && has_value) {
      folder = arguments[++i];
    } else {
      std::fprintf(stderr, "engine_bench: unknown argument %s; known are --only WORD --samples N --batch TILES --folder PATH\n", word.c_str());
      return 2;
    }
  }
  ath_instance* instance = nullptr;
  check(ath_instance_create(nullptr, &instance), "instance");
  check(ath_device_open(instance, "auto", &device), "device");
  ath_device_info info{};
  check(ath_device_describe(device, &info), "device");
  peak_gflops = measure_peak();
  std::printf("{\"device\": \"%s\", \"level\": \"%s\", \"peak_gflops\": %.2f, \"law_flops_per_cell\": %.0f, \"us_per_cell_at_peak\": %.4f, \"rows\": [",
              info.name, info.level, peak_gflops, kLawFlops, kLawFlops / peak_gflops * 1e-3);
  const std::pair<const char*, void (*)()> parts[] = {
      {"fixed", bench_fixed}, {"occupancy", bench_occupancy}, {"line", bench_line}, {"pictures", bench_pictures}};
  for (const auto& [name, run] : parts) {
    if (only == nullptr || std::strcmp(name, only) == 0) run();
  }
  std::printf("\n]}\n");
  ath_device_release(device);
  ath_instance_destroy(instance);
  return 0;
}
