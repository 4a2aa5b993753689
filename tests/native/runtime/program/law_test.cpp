// Laws from programs: what they say of themselves, batches of any shape from many workers, what is no law.
#include "atheria/law.h"

#include <cmath>
#include <thread>

#include "text_program.hpp"

namespace {

const std::string kWeights = hex(std::vector<float>(3 * 3 * 2 * 2, 0.1f));
const std::string kLaw = "program \"spread\"\nmeta \"gamma\" \"0.25\"\nmeta \"product\" \"1\"\ninput x f32[B,H,W,2]\nconstant w f32[3,3,2,2] = " + kWeights +
                         "\nlocal s f32[B,H-2,W-2,2]\noutput y f32[B,H-2,W-2,2]\nconv2d s x w\ntanh y s\nhalt\n";

std::string refused(const std::string& text) {
  const TextProgram program(text);
  ath_law law;
  const ath_status status = ath_law_from_program(program.get(), nullptr, 0, &law);
  if (EXPECT(status != ATH_OK)) return ath_status_message();
  law.destroy(law.self);
  return "";
}

std::string shape(const std::string& in, const std::string& out, const std::string& lines) {
  return refused("program \"p\"\ninput x f32[" + in + "]\nconstant w f32[3,3,2,2] = " + kWeights + "\noutput y f32[" + out + "]\n" + lines + "\nhalt\n");
}

}  // namespace

TEST(a_law_describes_itself) {
  const TextProgram program(kLaw);
  ath_law law;
  if (!EXPECT_OK(ath_law_from_program(program.get(), nullptr, 0, &law))) return;
  EXPECT_EQ(law.abi_version, ATH_ABI_VERSION);
  ath_law_info info;
  info.struct_bytes = sizeof info;
  EXPECT_OK(law.describe(law.self, &info));
  EXPECT_EQ(info.channels, 2u);
  EXPECT_EQ(info.radius, 1u);
  EXPECT_EQ(info.alignment, 1u);
  EXPECT_EQ(info.flags, ATH_LAW_PRODUCT);
  EXPECT_EQ(info.gamma, 0.25f);
  EXPECT_EQ(info.name, "spread");
  EXPECT_EQ(info.backend, "cpu");
  uint8_t digest[32];
  EXPECT_OK(ath_program_digest(program.get(), digest));
  EXPECT(!std::memcmp(digest, info.digest, 32));
  law.destroy(law.self);
}

TEST(batches_of_any_shape_from_many_workers) {
  const TextProgram program(kLaw);
  ath_law law;
  if (!EXPECT_OK(ath_law_from_program(program.get(), nullptr, 0, &law))) return;
  EXPECT_OK(law.prepare(law.self, 4, 16, 16, 3));
  std::vector<std::thread> threads;
  std::vector<int> wrong(3, 0);
  for (uint32_t worker = 0; worker < 3; ++worker)
    threads.emplace_back([&, worker] {
      for (uint32_t again = 0; again < 20; ++again) {
        const uint32_t count = 1 + again % 5, side = 1 + (again * 7 + worker) % 18;  // shapes that were not prepared, too
        std::vector<float> in(size_t(count) * (side + 2) * (side + 2) * 2, 0.5f), out(size_t(count) * side * side * 2);
        const ath_law_batch batch = {sizeof batch, count, side, side, worker, in.data(), out.data(), nullptr};
        if (law.forward(law.self, &batch)) ++wrong[worker];
        for (const float value : out) wrong[worker] += !(std::fabs(value - std::tanh(0.9f)) < 1e-6f);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
  std::vector<float> in(18 * 18 * 2), out(16 * 16 * 2);
  const ath_law_batch batch = {sizeof batch, 1, 16, 16, 3, in.data(), out.data(), nullptr};
  EXPECT_STATUS(law.forward(law.self, &batch), ATH_FAILED_PRECONDITION);
  EXPECT_CONTAINS(ath_status_message(), "law \"spread\": worker 3, but prepare was told of 3");
  law.destroy(law.self);
}

TEST(what_is_no_law) {
  EXPECT_CONTAINS(shape("B,H,W,2", "B,H,W,2", "conv2d y x w"), "op 0 conv2d pads (f32[B,H,W,2] to f32[B,H,W,2])");
  EXPECT_CONTAINS(shape("B,H,16,2", "B,H-2,14,2", "conv2d y x w"), "expected f32[B,H,W,C] and f32[B,H-2r,W-2r,C]");
  EXPECT_CONTAINS(shape("B,H,H,2", "B,H-2,H-2,2", "conv2d y x w"), "expected f32[B,H,W,C]");
  EXPECT_CONTAINS(refused("program \"p\"\ninput x f32[B,H,W,2]\nconstant w f32[3,3,2,2] = " + kWeights +
                          "\nlocal s f32[B,H-1073741824,W-1073741824,2]\noutput y f32[B,H-2147483648,W-2147483648,2]\n"
                          "attr 536870912 0 0 0\nconv2d s x w\nattr 536870912 0 0 0\nconv2d y s w\nhalt\n"),
                  "its radius is 1073741824");
  EXPECT_CONTAINS(refused("program \"p\"\ninput x f32[B,H,W,3]\noutput y f32[B,H,W,3]\nrelu y x\nhalt\n"), "C an even number");
  EXPECT_CONTAINS(refused("input x f32[B,H,W,2]\ninput z f32[B,H,W,2]\noutput y f32[B,H,W,2]\nadd y x z\nhalt\n"), "more than one input");
  EXPECT_CONTAINS(refused("input x f32[B,H,W,2]\nhalt\n"), "needs one input and one output");
  EXPECT_CONTAINS(refused("meta \"gamma\" \"fast\"\ninput x f32[B,H,W,2]\noutput y f32[B,H,W,2]\nrelu y x\nhalt\n"), "metadata gamma is \"fast\"");
  EXPECT_CONTAINS(refused("meta \"product\" \"yes\"\ninput x f32[B,H,W,2]\noutput y f32[B,H,W,2]\nrelu y x\nhalt\n"), "metadata product is \"yes\"");
  EXPECT_CONTAINS(refused("meta \"alignment\" \"0\"\ninput x f32[B,H,W,2]\noutput y f32[B,H,W,2]\nrelu y x\nhalt\n"), "metadata alignment is \"0\"");
  EXPECT_CONTAINS(refused("input x f32[B,H,W,2]\noutput y f32[B,H,W,2]\nrelu y x\nvk_init\nhalt\n"), "needs a Vulkan device");
}

TEST(a_caller_of_before_gets_no_more_than_it_knows) {
  const TextProgram program(kLaw);
  ath_law law;
  if (!EXPECT_OK(ath_law_from_program(program.get(), nullptr, 0, &law))) return;
  ath_law_info info = {};
  info.struct_bytes = offsetof(ath_law_info, digest);
  for (uint8_t& byte : info.digest) byte = 0xA5;
  EXPECT_OK(law.describe(law.self, &info));
  EXPECT_EQ(info.struct_bytes, offsetof(ath_law_info, digest));
  EXPECT_EQ(info.name, "spread");
  for (const uint8_t byte : info.digest) EXPECT_EQ(byte, 0xA5);
  law.destroy(law.self);
}

EXPECT_MAIN
