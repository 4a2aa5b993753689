// The cuda and rocm plugins on emulated drivers: what makes them usable or not, memory, programs, masks, failures. Not a GPU; see emulated/README.md.
#include <dlfcn.h>

#include <thread>

#include "../../program/text_program.hpp"
#include "atheria/buffer.h"
#include "gpu_process.hpp"

using gpu_process::Gpu;
using gpu_process::gpus;
using gpu_process::on;

namespace {

// Score and reason (or description) of the backend.
std::string listed(const Gpu& gpu) {
  ath_instance* instance = nullptr;
  if (!EXPECT_OK(ath_instance_create(GPU_PLUGINS, &instance))) return "";
  std::string said = "not listed";
  for (size_t i = 0; i < ath_instance_backend_count(instance); ++i) {
    ath_backend_info info;
    EXPECT_OK(ath_instance_backend(instance, i, &info));
    if (std::string(info.name) == gpu.backend) said = std::to_string(info.score) + " " + (info.score ? info.description : info.reason);
  }
  ath_instance_destroy(instance);
  return said;
}

struct Opened {
  ath_instance* instance = nullptr;
  ath_device* device = nullptr;
  explicit Opened(const Gpu& gpu) {
    EXPECT_OK(ath_instance_create(GPU_PLUGINS, &instance));
    EXPECT_OK(ath_device_open(instance, gpu.backend, &device));
  }
  Opened(const Opened&) = delete;
  ~Opened() {
    ath_device_release(device);
    ath_instance_destroy(instance);
  }
  uint64_t used() const {
    ath_device_info info = {};
    EXPECT_OK(ath_device_describe(device, &info));
    return info.memory_bytes - info.memory_free_bytes;
  }
};

const char* const kSum = "program \"sum\"\ninput x f32[N]\nlocal s f32[N]\noutput y f32[N]\nadd s x x\nscale y s 0x40000000\nhalt\n";

}  // namespace

TEST(a_usable_gpu_comes_first) {
  for (const Gpu& gpu : gpus()) {
    EXPECT_EQ(on(gpu, "", [&] { return listed(gpu); }), "200 emulated GPU (kernels in the host dialect), " + std::string(gpu.arch));
    on(gpu, "", [&] {
      const Opened opened(gpu);
      ath_device* chosen = nullptr;
      EXPECT_OK(ath_device_open(opened.instance, "auto", &chosen));
      ath_device_info info = {};
      EXPECT_OK(ath_device_describe(chosen, &info));
      EXPECT_EQ(info.backend, gpu.backend);
      EXPECT_EQ(info.level, gpu.arch);
      EXPECT_EQ(info.memory_bytes, uint64_t{1} << 30);
      ath_device_release(chosen);
      return "";
    });
  }
}

TEST(an_unusable_one_says_why) {
  for (const Gpu& gpu : gpus()) {
    const bool cuda = !std::strcmp(gpu.backend, "cuda");
    const auto says = [&](const std::string& emulated, const char* driver = nullptr) { return on(gpu, emulated, [&] { return listed(gpu); }, driver); };
    EXPECT_EQ(says("devices=0").substr(0, 13), "0 no device: ");
    EXPECT_CONTAINS(says("devices=0"), cuda ? "CUDA_VISIBLE_DEVICES" : "HIP_VISIBLE_DEVICES");
    EXPECT_CONTAINS(says(cuda ? "fail=cuInit:1:100" : "fail=hipInit:1:100"), "0 no device: the driver says ");
    EXPECT_CONTAINS(says(cuda ? "fail=cuInit:1:101" : "fail=hipInit:1:101"), "0 no device: the driver says ");
    EXPECT_CONTAINS(says(cuda ? "fail=cuInit:1:500" : "fail=hipInit:1:500"), "0 the driver does not start: ");
    EXPECT_CONTAINS(says(cuda ? "arch=sm_52" : "arch=gfx803"), cuda ? " is sm_52, this build has sm_" : " is gfx803, this build has gfx");
    EXPECT_CONTAINS(says("", "/no/such/driver.so"), std::string("0 ") + gpu.variable + " names /no/such/driver.so, which cannot be loaded: ");
    const std::string usual = says("", "");  // this machine's own driver, if it has one
    if (usual.find("no driver") != std::string::npos) EXPECT_CONTAINS(usual, cuda ? "no driver: libcuda.so.1: " : "no driver: libamdhip64.so.7: ");
    EXPECT_CONTAINS(says("", GPU_NO_DRIVER), std::string("has no ") + (cuda ? "cuInit" : "hipInit") + "; install a newer driver");
    if (cuda) EXPECT_CONTAINS(says("arch=sm_52"), ", PTX of compute_");
    if (cuda) EXPECT_CONTAINS(says("version=11080"), "0 driver too old: it knows CUDA 11.8, these kernels need ");
  }
}

TEST(a_later_gpu_takes_the_ptx) {
  for (const Gpu& gpu : gpus()) {
    if (std::strcmp(gpu.backend, "cuda")) continue;
    EXPECT_EQ(on(gpu, "arch=sm_999", [&] {
                const Opened opened(gpu);
                ath_device_info info = {};
                EXPECT_OK(ath_device_describe(opened.device, &info));
                return std::string(info.level);
              }),
              "sm_999");
  }
}

TEST(what_fails_while_opening_is_told_and_leaves_nothing) {
  for (const Gpu& gpu : gpus()) {
    const bool cuda = !std::strcmp(gpu.backend, "cuda");
    for (const char* call : {cuda ? "cuModuleLoadData" : "hipModuleLoadData", cuda ? "cuModuleGetFunction" : "hipModuleGetFunction"})
      EXPECT_CONTAINS(on(gpu, std::string("fail=") + call + ":1:209",
                         [&] {
                           ath_instance* instance = nullptr;
                           ath_device* device = nullptr;
                           EXPECT_OK(ath_instance_create(GPU_PLUGINS, &instance));
                           EXPECT_STATUS(ath_device_open(instance, gpu.backend, &device), ATH_UNAVAILABLE);
                           const std::string said = ath_status_message();
                           EXPECT_OK(ath_device_open(instance, gpu.backend, &device));  // only the first call was to fail
                           ath_device_release(device);
                           ath_instance_destroy(instance);
                           return said;
                         }),
                      "NO_BINARY_FOR_GPU (209)");
  }
}

TEST(buffers) {
  for (const Gpu& gpu : gpus())
    on(gpu, "memory=65536", [&] {
      const Opened opened(gpu);
      ath_buffer *buffer = nullptr, *large = nullptr;
      EXPECT_OK(ath_buffer_create(opened.device, 1000, &buffer));
      void *host = nullptr, *device = nullptr;
      EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_HOST, ATH_ACCESS_WRITE, &host));
      std::memset(host, 5, 1000);
      EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_DEVICE, ATH_ACCESS_READ | ATH_ACCESS_WRITE, &device));
      EXPECT(host != device);
      EXPECT_EQ(opened.used(), 1000u);
      std::memset(host, 0, 1000);
      EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_HOST, ATH_ACCESS_READ, &host));
      EXPECT_EQ(static_cast<char*>(host)[999], 5);
      EXPECT_OK(ath_buffer_create(opened.device, 100000, &large));
      EXPECT_STATUS(ath_buffer_map(large, ATH_PLACE_DEVICE, ATH_ACCESS_WRITE, &device), ATH_OUT_OF_MEMORY);
      EXPECT_CONTAINS(ath_status_message(), "allocating 100000 bytes on emulated GPU");
      ath_buffer_release(large);
      ath_buffer_release(buffer);
      EXPECT_EQ(opened.used(), 0u);
      return "";
    });
}

TEST(programs_from_many_threads) {
  for (const Gpu& gpu : gpus())
    on(gpu, "", [&] {
      const Opened opened(gpu);
      const TextProgram program(kSum);
      {
        const Planned plan(program, {{'N', 3000}}, opened.device);
        std::vector<std::thread> threads;
        std::vector<int> wrong(4, 0);
        for (size_t t = 0; t < 4; ++t)
          threads.emplace_back([&, t] {
            std::vector<float> x(3000, float(t)), y(3000);
            for (int again = 0; again < 20; ++again) {
              if (plan.run({x.data()}, {y.data()})) ++wrong[t];
              for (const float value : y) wrong[t] += value != 4 * float(t);
            }
          });
        for (std::thread& thread : threads) thread.join();
        for (const int count : wrong) EXPECT_EQ(count, 0);
        EXPECT(opened.used() > 0);
      }
      EXPECT_EQ(opened.used(), 0u);
      return "";
    });
}

TEST(a_run_that_fails_says_where) {
  for (const Gpu& gpu : gpus()) {
    const bool cuda = !std::strcmp(gpu.backend, "cuda");
    const auto run = [&](const std::string& emulated, ath_status wanted) {
      return on(gpu, emulated, [&] {
        const Opened opened(gpu);
        const TextProgram program(kSum);
        const Planned plan(program, {{'N', 100}}, opened.device);
        const std::vector<float> x(100, 1);
        std::vector<float> y(100);
        EXPECT_STATUS(plan.run({x.data()}, {y.data()}), wanted);
        const std::string said = ath_status_message();
        EXPECT_OK(plan.run({x.data()}, {y.data()}));
        EXPECT_EQ(y[99], 4.0f);
        return said;
      });
    };
    EXPECT_CONTAINS(run(cuda ? "fail=cuLaunchKernel:2:719" : "fail=hipModuleLaunchKernel:2:719", ATH_INTERNAL),
                    std::string("program \"sum\": ") + gpu.backend + ": ath_pointwise on emulated GPU");
    EXPECT_CONTAINS(run(cuda ? "fail=cuMemcpyDtoH_v2:1:700" : "fail=hipMemcpyDtoH:1:700", ATH_INTERNAL), "copying from the device on emulated GPU");
    EXPECT_CONTAINS(run(cuda ? "fail=cuMemAlloc_v2:1:2" : "fail=hipMalloc:1:2", ATH_OUT_OF_MEMORY), "program \"sum\": no device memory for a run: ");
  }
}

TEST(masks_of_domains_equal_the_hosts) {
  for (const Gpu& gpu : gpus())
    on(gpu, "", [&] {
      const Opened opened(gpu);
      std::vector<float> weights(3 * 3 * 2 * 2);
      for (size_t i = 0; i < weights.size(); ++i) weights[i] = float(int(i * 7 % 11) - 5);
      const TextProgram program("input x f32[B,H,W,2]\nconstant w f32[3,3,2,2] = " + hex(weights) + "\nconstant b f32[2] = " + hex({3, -4}) +
                                "\nlocal a f32[B,H-2,W-2,2]\nlocal c f32[B,H-2,W-2,2]\noutput y f32[B,H-4,W-4,2]\nconv2d a x w b\nrelu c a\nconv2d y c w b\nhalt\n");
      constexpr int kH = 9, kW = 8, kB = 4;
      const std::initializer_list<ath_symbol_value> sizes = {{'B', kB}, {'H', kH}, {'W', kW}};
      const Planned near(program, sizes), far(program, sizes, opened.device);
      EXPECT_CONTAINS(far.explain(), std::string("+ relu on ") + gpu.backend);
      const std::vector<ath_rectangle> domains = {{3, 2, kH, kW}, {0, 0, kH, kW}, {-4, -1, 6, 5}, {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX}};
      std::vector<float> x(kB * kH * kW * 2, 0.0f), wanted(kB * (kH - 4) * (kW - 4) * 2), got(wanted.size());
      for (int i = 0; i < kB; ++i)
        for (int y = std::max(0, domains[size_t(i)].y0); y < std::min(kH, domains[size_t(i)].y1); ++y)
          for (int c = std::max(0, domains[size_t(i)].x0); c < std::min(kW, domains[size_t(i)].x1); ++c)
            for (int k = 0; k < 2; ++k) x[size_t(((i * kH + y) * kW + c) * 2 + k)] = float((i + y * 3 + c * 5 + k) % 7) - 3;
      EXPECT_OK(near.run({x.data()}, {wanted.data()}, domains));
      EXPECT_OK(far.run({x.data()}, {got.data()}, domains));
      for (size_t i = 0; i < wanted.size(); ++i)  // small whole numbers: exact
        if (!EXPECT_EQ(got[i], wanted[i])) break;
      EXPECT_OK(far.run({x.data()}, {got.data()}));
      EXPECT(got != wanted);
      return "";
    });
}

TEST(a_nan_shows_in_the_activity) {
  for (const Gpu& gpu : gpus())
    on(gpu, "", [&] {
      const Opened opened(gpu);
      const TextProgram program("input p f32[N,4]\ninput d f32[N,4]\noutput s f32[N,4]\noutput a f32[N]\nattr 2 0 0 0\nqca_update s a p d\nhalt\n");
      const Planned plan(program, {{'N', 3}}, opened.device);
      std::vector<float> p(12, 0.5f), d(12, 0.25f), s(12), a(3);
      p[4] = NAN;
      EXPECT_OK(plan.run({p.data(), d.data()}, {s.data(), a.data()}));
      EXPECT(!std::isnan(a[0]) && std::isnan(a[1]) && !std::isnan(a[2]));
      return "";
    });
}

TEST(what_is_too_large_for_the_kernels_is_left_to_the_host) {
  for (const Gpu& gpu : gpus())
    on(gpu, "", [&] {
      const Opened opened(gpu);
      const auto backend = [&](const char* text, int32_t size) {
        const std::string plan = Planned(TextProgram(text), {{'N', size}}, opened.device).explain();
        return plan.substr(plan.rfind(' ') + 1);
      };
      const std::string here = std::string(gpu.backend) + "\n";
      const char* const relu = "input x f32[N,2]\noutput y f32[N,2]\nrelu y x\nhalt\n";
      EXPECT_EQ(backend(relu, (1 << 30) - 1), here);
      EXPECT_EQ(backend(relu, 1 << 30), "cpu\n");
      // Blocks across: 65535 of 64 columns.
      const char* const product = "input a f32[1,1]\ninput b f32[1,N]\noutput y f32[1,N]\nmatmul y a b -\nhalt\n";
      EXPECT_EQ(backend(product, 65535 * 64), here);
      EXPECT_EQ(backend(product, 65535 * 64 + 1), "cpu\n");
      const auto groups = [&](const std::string& count, const std::string& outputs) {
        return backend(("input x f32[N,1,1," + count + "]\ninput w f32[1,1,1," + outputs + "]\noutput y f32[N,1,1," + outputs + "]\nattr 0 " + count +
                        " 0 0\nconv2d y x w -\nhalt\n")
                           .c_str(),
                       1);
      };
      EXPECT_EQ(groups("65535", "524280"), here);
      EXPECT_EQ(groups("65536", "524288"), "cpu\n");
      return "";
    });
}

TEST(a_launch_of_more_threads_than_the_driver_takes_is_left_to_the_host) {
  for (const Gpu& gpu : gpus())
    on(gpu, "", [&] {
      const Opened opened(gpu);
      const TextProgram program("input x f32[B,1]\noutput y f32[B,1]\nsoftmax y x\nhalt\n");  // 128 threads a row
      EXPECT_CONTAINS(Planned(program, {{'B', (1 << 25) - 1}}, opened.device).explain(), std::string(" on ") + gpu.backend);
      const bool hip = !std::strcmp(gpu.backend, "rocm");
      EXPECT_CONTAINS(Planned(program, {{'B', 1 << 25}}, opened.device).explain(), std::string(" on ") + (hip ? "cpu" : gpu.backend));
      return "";
    });
}

TEST(a_closed_device_gives_its_context_back) {
  for (const Gpu& gpu : gpus()) {
    if (std::strcmp(gpu.backend, "cuda")) continue;  // HIP's are the process's
    on(gpu, "", [&] {
      const auto active = [&] {
        unsigned flags = 0;
        int yes = -1;
        const auto state = reinterpret_cast<int (*)(int, unsigned*, int*)>(dlsym(dlopen(gpu.driver, RTLD_NOW), "cuDevicePrimaryCtxGetState"));
        EXPECT(state && state(40, &flags, &yes) == 0);
        return yes;
      };
      {
        const Opened opened(gpu);
        EXPECT_EQ(active(), 1);
      }
      EXPECT_EQ(active(), 0);
      return "";
    });
  }
}

TEST(a_thread_keeps_the_device_that_another_library_gave_it) {
  for (const Gpu& gpu : gpus())
    on(gpu, "devices=2", [&] {
      const Opened opened(gpu);
      void* driver = dlopen(gpu.driver, RTLD_NOW);
      const auto call = [&]<typename Value>(const char* name, Value value) {
        const auto function = reinterpret_cast<int (*)(Value)>(dlsym(driver, name));
        EXPECT(function && function(value) == 0);
      };
      const TextProgram program(kSum);
      const Planned plan(program, {{'N', 100}}, opened.device);
      const std::vector<float> x(100, 1);
      std::vector<float> y(100);
      if (!std::strcmp(gpu.backend, "rocm")) call("hipSetDevice", 1);
      EXPECT_OK(plan.run({x.data()}, {y.data()}));
      EXPECT_EQ(y[99], 4.0f);
      if (!std::strcmp(gpu.backend, "rocm")) {
        int device = 0;
        call("hipGetDevice", &device);
        EXPECT_EQ(device, 1);
      } else {
        void* context = &driver;
        call("cuCtxGetCurrent", &context);
        EXPECT(!context);
      }
      return "";
    });
}

TEST(instructions_for_gpus_by_name) {
  for (const Gpu& gpu : gpus()) {
    if (std::strcmp(gpu.backend, "cuda")) {
      on(gpu, "", [&] {
        const Opened opened(gpu);
        ath_executable* executable = nullptr;
        EXPECT_STATUS(ath_executable_create(TextProgram("gpu_init\nhalt\n").get(), &opened.device, 1, nullptr, 0, &executable), ATH_UNAVAILABLE);
        EXPECT_CONTAINS(ath_status_message(), "needs a CUDA device");
        return "";
      });
      continue;
    }
    on(gpu, "", [&] {
      const Opened opened(gpu);
      // Nothing lies on the device here.
      const Planned empty(TextProgram("gpu_init\ngpu_sync\nhalt\n"), {}, opened.device);
      EXPECT_OK(empty.run({}, {}));
      const Planned product(TextProgram("input x f32[2,2]\nlocal g f32[2,2]\noutput y f32[2,2]\n"
                                        "gpu_init\ngpu_alloc g\ngpu_matmul g x x\ngpu_sync\nstore y g\nhalt\n"),
                            {}, opened.device);
      EXPECT_CONTAINS(product.explain(), "2 gpu_matmul g:f32[2,2] x:f32[2,2] x:f32[2,2] on cuda");
      const float x[4] = {1, 2, 3, 4};
      float y[4] = {};
      EXPECT_OK(product.run({x}, {y}));
      EXPECT(y[0] == 7 && y[1] == 10 && y[2] == 15 && y[3] == 22);
      return "";
    });
  }
}

int main(int argument_count, char** arguments) {
  if (gpus().empty()) {
    std::fprintf(stderr, "skip: this build has neither the cuda nor the rocm plugin\n");
    return 77;
  }
  return expect::main(argument_count, arguments);
}
