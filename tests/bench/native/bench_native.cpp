// Measures this machine (FMA peak, triad) and the CPU kernels on one core; prints JSON.
//   bench_native [machine] [--level NAME] [--samples N] [--only WORD] [--cpu-time]
// machine: only the machine's limits. Pin it (taskset -c 1) for figures worth quoting.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "peak.hpp"
#include "table.hpp"

namespace {

using namespace atheria;
using kernels::KernelTable;

// --cpu-time: count this thread's time only, for a machine that others use as well.
bool cpu_time = false;

double seconds() {
  if (cpu_time) {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Sample {
  double median, p10, p90, best;  // seconds per call
};

// Each sample repeats the call until it lasts long enough for the clock, so that a neighbour's time slice shows as an
// outlier instead of in every sample.
Sample measure(const std::function<void()>& call, int samples, double sample_seconds = 2e-3) {
  call();
  int64_t repeats = 1;
  for (;;) {
    const double start = seconds();
    for (int64_t i = 0; i < repeats; ++i) call();
    const double took = seconds() - start;
    if (took >= sample_seconds || repeats > (1 << 24)) break;
    repeats = took > sample_seconds / 16 ? static_cast<int64_t>(double(repeats) * sample_seconds / took) + 1 : repeats * 8;
  }
  std::vector<double> times;
  for (int s = 0; s < samples; ++s) {
    const double start = seconds();
    for (int64_t i = 0; i < repeats; ++i) call();
    times.push_back((seconds() - start) / double(repeats));
  }
  std::sort(times.begin(), times.end());
  const auto at = [&](double q) { return times[static_cast<size_t>(q * double(times.size() - 1) + 0.5)]; };
  return {at(0.5), at(0.1), at(0.9), times[0]};
}

constexpr int64_t kHugePage = 2 << 20;

struct Aligned {
  explicit Aligned(int64_t n) : data(static_cast<float*>(std::aligned_alloc(n * 4 >= kHugePage ? kHugePage : 4096, (static_cast<size_t>(n) * 4 + kHugePage - 1) / kHugePage * kHugePage))) {
    if (!data) {
      std::fprintf(stderr, "bench_native: no memory for %lld floats\n", static_cast<long long>(n));
      std::exit(2);
    }
#if defined(__linux__)
    // As the runtime's arenas do; walks over 4 KiB pages cost a tenth of a large product.
    if (n * 4 >= kHugePage) madvise(data, static_cast<size_t>(n) * 4, MADV_HUGEPAGE);
#endif
    uint32_t state = 1;
    for (int64_t i = 0; i < n; ++i) {
      state = state * 1664525u + 1013904223u;
      data[i] = static_cast<float>(state >> 8) * 0x1p-24f - 0.5f;
    }
  }
  ~Aligned() { std::free(data); }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  float* data;
};

std::string cpu_name() {
  std::string name = "unknown";
  if (FILE* file = std::fopen("/proc/cpuinfo", "r")) {
    char line[512];
    while (std::fgets(line, sizeof line, file)) {
      const char* value = std::strncmp(line, "model name", 10) == 0 ? std::strchr(line, ':') : nullptr;
      if (value) {
        name = value + 2;
        name.erase(name.find_last_not_of("\n ") + 1);
        break;
      }
    }
    std::fclose(file);
  }
  return name;
}

struct Level {
  const KernelTable* table;
  double (*burst)(int64_t);
  double peak_gflops;
};

std::vector<Level> levels() {
  std::vector<Level> list{{kernels::baseline_table(), &bench::fma_burst_baseline, 0}};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    list.push_back({kernels::avx2_table(), &bench::fma_burst_avx2, 0});
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    list.push_back({kernels::avx512_table(), &bench::fma_burst_avx512, 0});
  }
#endif
  return list;
}

// GB/s of a[i] = b[i] + s c[i] with ordinary stores, counting three streams as STREAM does, far beyond the caches.
double triad_gbs(int samples) {
  const int64_t n = 24 << 20;
  Aligned a(n), b(n), c(n);
  float* __restrict x = a.data;
  const float *__restrict y = b.data, *__restrict z = c.data;
  const Sample s = measure([&] {
    for (int64_t i = 0; i < n; ++i) x[i] = y[i] + 3.0f * z[i];
    __asm__ volatile("" ::: "memory");
  }, std::min(samples, 15), 1e-4);
  return 12.0 * double(n) / s.median * 1e-9;
}

class Report {
 public:
  Report(const Level& level, double triad, int samples, const char* only)
      : level_(level), triad_(triad), samples_(samples), only_(only) {}

  void flops(const char* name, double flop, const std::function<void()>& call) { row(name, flop, 0, call); }
  void bytes(const char* name, double byte, const std::function<void()>& call) { row(name, 0, byte, call); }

 private:
  void row(const char* name, double flop, double byte, const std::function<void()>& call) {
    if (only_ && !std::strstr(name, only_)) return;
    // The peak of the same second: a shared host's clock drifts.
    double peak = level_.peak_gflops;
    if (flop > 0) {
      double done = 0;
      const Sample burst = measure([&] { done = level_.burst(20000); }, 5, 1e-4);
      peak = done / burst.best * 1e-9;
    }
    const Sample s = measure(call, samples_);
    const double amount = flop > 0 ? flop : byte, limit = flop > 0 ? peak : triad_;
    const char* unit = flop > 0 ? "gflops" : "gbs";
    std::printf("%s\n    {\"level\": \"%s\", \"kernel\": \"%s\", \"%s\": %.2f, \"p10\": %.2f, \"p90\": %.2f, \"best\": %.2f, "
                "\"us\": %.3f, \"%s\": %.3f}",
                first_ ? "" : ",", level_.table->name, name, unit, amount / s.median * 1e-9, amount / s.p90 * 1e-9,
                amount / s.p10 * 1e-9, amount / s.best * 1e-9, s.median * 1e6,
                flop > 0 ? "of_peak" : "of_triad", amount / s.median * 1e-9 / limit);
    std::fflush(stdout);
    first_ = false;
  }

  Level level_;
  double triad_;
  int samples_;
  const char* only_;
  static inline bool first_ = true;
};

void bench_gemm(Report& report, const KernelTable& t) {
  for (int64_t n : {16, 32, 64, 128, 256, 512, 1024, 2048}) {
    Aligned a(n * n), b(n * n), c(n * n), packed(t.pack_b_floats(n, n));
    kernels::GemmCall g;
    g.m = g.n = g.k = g.n_end = g.lda = g.ldc = n;
    g.a = a.data, g.c = c.data;
    char name[64];
    g.b = packed.data;
    t.pack_b(n, n, 0, n, b.data, n, false, packed.data);
    std::snprintf(name, sizeof name, "gemm %lld prepacked", static_cast<long long>(n));
    report.flops(name, 2.0 * double(n) * double(n) * double(n), [&] { t.gemm(&g); });
    std::snprintf(name, sizeof name, "gemm %lld pack each time", static_cast<long long>(n));
    report.flops(name, 2.0 * double(n) * double(n) * double(n), [&] {
      t.pack_b(n, n, 0, n, b.data, n, false, packed.data);
      t.gemm(&g);
    });
    std::snprintf(name, sizeof name, "gemm %lld unpacked", static_cast<long long>(n));
    kernels::GemmCall u = g;
    u.b = b.data, u.ldb = n;
    report.flops(name, 2.0 * double(n) * double(n) * double(n), [&] { t.gemm(&u); });
  }
}

struct ConvShape {
  int64_t images, out_h, out_w, kernel, cin, cout;
  kernels::Activation activation;
};

void bench_conv(Report& report, const KernelTable& t) {
  using kernels::Activation;
  const ConvShape shapes[] = {
      {4, 18, 18, 3, 16, 32, Activation::none}, {4, 18, 18, 3, 16, 32, Activation::elu},
      {4, 16, 16, 3, 32, 16, Activation::none}, {4, 16, 16, 3, 32, 32, Activation::none},
      {1, 64, 64, 3, 32, 32, Activation::none}, {1, 32, 32, 3, 64, 64, Activation::none},
      {1, 16, 16, 3, 128, 128, Activation::none}, {1, 8, 8, 3, 256, 256, Activation::none},
      {1, 64, 64, 1, 64, 64, Activation::none}, {1, 64, 64, 1, 64, 16, Activation::none},
      {1, 16, 16, 5, 16, 32, Activation::relu}, {4, 16, 16, 3, 20, 24, Activation::none}};
  for (const ConvShape& s : shapes) {
    const int64_t in_h = s.out_h + s.kernel - 1, in_w = s.out_w + s.kernel - 1;
    Aligned in(s.images * in_h * in_w * s.cin), out(s.images * s.out_h * s.out_w * s.cout), bias(s.cout);
    Aligned weights(s.kernel * s.kernel * s.cin * s.cout);
    Aligned packed(t.pack_conv_floats(s.kernel, s.kernel, s.cin, s.cout, 1));
    t.pack_conv(s.kernel, s.kernel, s.cin, s.cout, 1, weights.data, packed.data);
    kernels::ConvCall c;
    c.images = s.images, c.out_h = s.out_h, c.out_w = s.out_w, c.kernel_h = c.kernel_w = s.kernel;
    c.cin = s.cin, c.cout = s.cout, c.in = in.data, c.weights = packed.data, c.out = out.data;
    c.in_pixel = s.cin, c.in_row = in_w * s.cin, c.in_image = in_h * c.in_row;
    c.out_pixel = s.cout, c.out_row = s.out_w * s.cout, c.out_image = s.out_h * c.out_row;
    c.epilogue.bias = bias.data;
    c.epilogue.activation = s.activation;
    char name[96];
    std::snprintf(name, sizeof name, "conv %lldx%lld %lld -> %lld, %lld x %lldx%lld%s", static_cast<long long>(s.kernel),
                  static_cast<long long>(s.kernel), static_cast<long long>(s.cin), static_cast<long long>(s.cout),
                  static_cast<long long>(s.images), static_cast<long long>(s.out_h), static_cast<long long>(s.out_w),
                  s.activation == Activation::elu ? " elu" : s.activation == Activation::relu ? " relu" : "");
    const double taps = double(s.kernel * s.kernel * s.cin);
    report.flops(name, 2.0 * taps * double(s.images * s.out_h * s.out_w * s.cout), [&] { t.conv(&c); });
  }
}

void bench_bandwidth(Report& report, const KernelTable& t) {
  using kernels::Binary;
  using kernels::Unary;
  for (const int64_t n : {int64_t{1} << 16, int64_t{24} << 20}) {
    Aligned a(n), b(n), out(n), activity(n / 16);
    const std::string where = n > (1 << 20) ? " in memory" : " in L2";
    const double bytes = 4.0 * double(n);
    const auto name = [&](const char* kernel) { return std::string(kernel) + where; };
    report.bytes(name("relu").c_str(), 2 * bytes, [&] { t.unary(Unary::relu, n, 1, a.data, out.data); });
    report.bytes(name("add").c_str(), 3 * bytes, [&] { t.binary(Binary::add, n, a.data, b.data, out.data); });
    report.bytes(name("exp").c_str(), 2 * bytes, [&] { t.unary(Unary::exp, n, 1, a.data, out.data); });
    report.bytes(name("elu").c_str(), 2 * bytes, [&] { t.unary(Unary::elu, n, 1, a.data, out.data); });
    report.bytes(name("tanh").c_str(), 2 * bytes, [&] { t.unary(Unary::tanh, n, 1, a.data, out.data); });
    report.bytes(name("gelu").c_str(), 2 * bytes, [&] { t.unary(Unary::gelu, n, 1, a.data, out.data); });
    report.bytes(name("softmax 1024").c_str(), 2 * bytes,
                 [&] { t.softmax(n / 1024, 1024, 1.0f, a.data, 1024, out.data, 1024); });
    report.bytes(name("softmax 64").c_str(), 2 * bytes,
                 [&] { t.softmax(n / 64, 64, 1.0f, a.data, 64, out.data, 64); });
    report.bytes(name("complex mul d 8").c_str(), 3 * bytes,
                 [&] { t.complex_mul(n / 16, 8, a.data, 16, b.data, 16, out.data, 16); });
    kernels::LawUpdateCall u;
    u.cells = n / 16, u.d = 8, u.psi_ld = u.delta_ld = u.out_ld = 16;
    u.psi = a.data, u.delta = b.data, u.out = out.data;
    report.bytes(name("law update d 8").c_str(), 3 * bytes, [&] { t.law_update(&u); });
    u.gamma = 0.01f, u.product = true, u.activity = kernels::Activity::background, u.out_activity = activity.data;
    report.bytes(name("law update d 8, product, decay, activity").c_str(), (3 + 1.0 / 16) * bytes,
                 [&] { t.law_update(&u); });
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  bool machine_only = false;
  const char *only = nullptr, *wanted_level = nullptr;
  int samples = 31;
  for (int i = 1; i < argument_count; ++i) {
    const std::string word = arguments[i];
    const bool has_value = i + 1 < argument_count;
    if (word == "machine") {
      machine_only = true;
    } else if (word == "--cpu-time") {
      cpu_time = true;
    } else if (word == "--only" && has_value) {
      only = arguments[++i];
    } else if (word == "--level" && has_value) {
      wanted_level = arguments[++i];
    } else if (word == "--samples" && has_value) {
      samples = std::max(1, std::atoi(arguments[++i]));
    } else {
      std::fprintf(stderr, "bench_native: unknown argument %s; known are machine --level NAME --samples N --only WORD --cpu-time\n",
                   word.c_str());
      return 2;
    }
  }
  std::vector<Level> list = levels();
  double peak = 0;
  for (Level& level : list) {
    double done = 0;
    const Sample s = measure([&] { done = level.burst(200000); }, 21, 1e-3);
    level.peak_gflops = done / s.median * 1e-9;
    peak = std::max(peak, level.peak_gflops);
  }
  const double triad = triad_gbs(samples);
  std::printf("{\"cpu\": \"%s\", \"compiler\": \"%s\", \"peak_gflops\": %.2f, \"triad_gbs\": %.2f, \"levels\": {",
              cpu_name().c_str(), __VERSION__, peak, triad);
  for (size_t i = 0; i < list.size(); ++i) {
    std::printf("%s\"%s\": %.2f", i ? ", " : "", list[i].table->name, list[i].peak_gflops);
  }
  std::printf("}");
  if (!machine_only) {
    std::printf(",\n  \"kernels\": [");
    for (const Level& level : list) {
      // The widest level by default; the others are asked for by name.
      if (wanted_level ? std::strcmp(wanted_level, level.table->name) != 0 : &level != &list.back()) continue;
      Report report(level, triad, samples, only);
      bench_gemm(report, *level.table);
      bench_conv(report, *level.table);
      bench_bandwidth(report, *level.table);
    }
    std::printf("\n  ]");
  }
  std::printf("}\n");
  return 0;
}
