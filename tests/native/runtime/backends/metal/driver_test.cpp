// The metal plugin's host code: why there is no Metal here, and on an emulated one what is usable, what fails and how it is told. Not a GPU.
#include "../../program/text_program.hpp"
#include "../gpu/gpu_process.hpp"
#include "atheria/buffer.h"

namespace {

std::string listed() {
  ath_instance* instance = nullptr;
  if (!EXPECT_OK(ath_instance_create(GPU_PLUGINS, &instance))) return "";
  std::string said = "not listed";
  for (size_t i = 0; i < ath_instance_backend_count(instance); ++i) {
    ath_backend_info info;
    EXPECT_OK(ath_instance_backend(instance, i, &info));
    if (std::string(info.name) == "metal") said = std::to_string(info.score) + " " + (info.score ? info.description : info.reason);
  }
  ath_instance_destroy(instance);
  return said;
}

// "" if the device opens and 100 sums of it are right, else why not.
std::string runs() {
  ath_instance* instance = nullptr;
  ath_device* device = nullptr;
  if (!EXPECT_OK(ath_instance_create(GPU_PLUGINS, &instance))) return "";
  std::string said;
  if (ath_device_open(instance, "metal", &device)) {
    said = ath_status_message();
  } else {
    const TextProgram program("program \"sum\"\ninput x f32[N]\nlocal s f32[N]\noutput y f32[N]\nadd s x x\nscale y s 0x40000000\nhalt\n");
    const Planned plan(program, {{'N', 3000}}, device);
    for (int again = 0; again < 100 && said.empty(); ++again) {
      std::vector<float> x(3000, float(again)), y(3000);
      if (plan.run({x.data()}, {y.data()})) said = ath_status_message();
      for (const float value : y)
        if (said.empty() && value != 4 * float(again)) said = "a wrong sum";
    }
  }
  ath_device_release(device);
  ath_instance_destroy(instance);
  return said;
}

#if !defined(EMULATED_METAL)
#define EMULATED_METAL ""
#define NO_EMULATED_METAL
#endif
const gpu_process::Gpu kMetal = {"metal", "ATHERIA_METAL_DRIVER", EMULATED_METAL, "apple9"};

#if !defined(NO_EMULATED_METAL)
template <typename Body>
std::string with(const std::string& settings, Body body) {
  return gpu_process::on(kMetal, settings, body);
}
#endif

}  // namespace

#if !defined(__APPLE__)
TEST(without_metal_it_says_so) { EXPECT_CONTAINS(gpu_process::on(kMetal, "", listed, ""), "0 no Metal: /usr/lib/libobjc.A.dylib cannot be loaded: "); }
#endif

#if !defined(NO_EMULATED_METAL)
TEST(a_usable_device_scores_300) {
  EXPECT_EQ(with("", listed), "300 emulated GPU (kernels in the host dialect), apple9");
  EXPECT_EQ(with("arch=apple7", listed), "300 emulated GPU (kernels in the host dialect), apple7");
  EXPECT_EQ(with("", runs), "");
}

TEST(an_unusable_one_says_why) {
  EXPECT_CONTAINS(with("devices=0", listed), "0 no device: Metal gives no default device; ");
  EXPECT_CONTAINS(with("arch=apple6", listed), "is not of family Apple 7 or later");
  EXPECT_CONTAINS(with("fail=newCommandQueue:1:1", listed), "0 the device makes no command queue");
  EXPECT_CONTAINS(gpu_process::on(kMetal, "", listed, "/no/such/file.dylib"), "0 no Metal: /no/such/file.dylib cannot be loaded: ");
}

TEST(before_macos_15_mathematics_are_made_safe_by_the_older_name) { EXPECT_EQ(with("version=13", runs), ""); }

TEST(what_fails_is_told) {
  EXPECT_CONTAINS(with("fail=newLibraryWithSource:1:1", runs), "the kernels do not compile: as the emulated Metal says");
  EXPECT_CONTAINS(with("fail=newFunctionWithName:3:1", runs), "the compiled kernels have no such function");
  EXPECT_CONTAINS(with("fail=newComputePipelineStateWithFunction:2:1", runs), "no pipeline: as the emulated Metal says");
  EXPECT_CONTAINS(with("fail=maxTotalThreadsPerThreadgroup:1:1", runs), "the device runs 32 threads of it at once; it needs ");
  EXPECT_CONTAINS(with("fail=newBufferWithLength:1:1", runs), "the device refuses a buffer of this length");
  EXPECT_CONTAINS(with("fail=commandBuffer:3:1", runs), "the device makes no command buffer");
  EXPECT_CONTAINS(with("fail=computeCommandEncoder:3:1", runs), "the device makes no encoder");
  EXPECT_CONTAINS(with("fail=waitUntilCompleted:5:1", runs), "execution failed, as the emulated Metal says");
}
#endif

EXPECT_MAIN
