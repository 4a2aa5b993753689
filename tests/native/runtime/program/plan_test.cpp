// Plans: who computes what, what is fused, what is refused and why.
#include "text_program.hpp"

namespace {

const char* const kChain =
    "program \"chain\"\ninput x f32[B,4]\nconstant w f32[4,4] = "
    "0000803f000000000000000000000000000000000000803f000000000000000000000000000000000000803f000000000000000000000000000000000000803f\n"
    "local a f32[B,4]\nlocal b f32[B,4]\nlocal c f32[B,4]\noutput y f32[B,4]\n";

std::string refused(const std::string& text, std::initializer_list<ath_symbol_value> values, ath_status status) {
  const TextProgram program(text);
  ath_executable* executable = nullptr;
  if (!EXPECT_STATUS(ath_executable_create(program.get(), nullptr, 0, values.begin(), values.size(), &executable), status)) return ath_executable_release(executable), "";
  return ath_status_message();
}

}  // namespace

TEST(an_activation_goes_with_the_product_before_it) {
  const TextProgram program(std::string(kChain) + "matmul a x w\nnop\nelu b a\nfree a\nadd y b x\nhalt\n");
  const Planned plan(program, {{'B', 3}});
  EXPECT_EQ(plan.explain(), "0 matmul b:f32[3,4] x:f32[3,4] w:f32[4,4] + elu on cpu\n4 add y:f32[3,4] b:f32[3,4] x:f32[3,4] on cpu\n");
}

TEST(but_not_when_somebody_else_wants_what_lies_between) {
  const TextProgram shared(std::string(kChain) + "matmul a x w\nelu b a\nadd y b a\nhalt\n");
  EXPECT_CONTAINS(Planned(shared, {{'B', 3}}).explain(), "0 matmul a:f32[3,4] x:f32[3,4] w:f32[4,4] on cpu\n1 elu b");
  const TextProgram output("input x f32[B,4]\ninput w f32[4,4]\noutput a f32[B,4]\noutput y f32[B,4]\nmatmul a x w\nelu y a\nhalt\n");
  EXPECT_CONTAINS(Planned(output, {{'B', 3}}).explain(), "1 elu y");
}

TEST(a_device_that_fuses_nothing_gets_both) {
  ath_instance* instance = nullptr;
  ath_device* reference = nullptr;
  EXPECT_OK(ath_instance_create("", &instance));
  EXPECT_OK(ath_device_open(instance, "reference", &reference));
  const TextProgram program(std::string(kChain) + "matmul a x w\nelu y a\nhalt\n");
  EXPECT_EQ(Planned(program, {{'B', 3}}, reference).explain(), "0 matmul a:f32[3,4] x:f32[3,4] w:f32[4,4] on reference\n1 elu y:f32[3,4] a:f32[3,4] on reference\n");
  ath_device_release(reference);
  ath_instance_destroy(instance);
}

TEST(fused_and_unfused_give_the_same) {
  const TextProgram fused(std::string(kChain) + "matmul a x w\nelu y a\nhalt\n"), apart(std::string(kChain) + "matmul a x w\nstore y a\nhalt\n");
  float x[8] = {1, -1, 2, -2, 0.5f, -0.5f, 0, -30}, y[8], z[8];
  EXPECT_OK(Planned(fused, {{'B', 2}}).run({x}, {y}));
  EXPECT_OK(Planned(apart, {{'B', 2}}).run({x}, {z}));
  const TextProgram elu("input x f32[B,4]\noutput y f32[B,4]\nelu y x\nhalt\n");
  float wanted[8];
  EXPECT_OK(Planned(elu, {{'B', 2}}).run({z}, {wanted}));
  EXPECT(!std::memcmp(y, wanted, sizeof y));
}

TEST(symbols_are_bound_completely) {
  const std::string text = std::string(kChain) + "relu y x\nhalt\n";
  EXPECT_CONTAINS(refused(text, {}, ATH_INVALID_ARGUMENT), "program \"chain\": \"x\" is f32[B,4], but no value is given for B");
  EXPECT_CONTAINS(refused(text, {{'B', 0}}, ATH_INVALID_ARGUMENT), "B = 0; expected 1 to");
  EXPECT_CONTAINS(refused(text, {{'B', 1}, {'B', 2}}, ATH_INVALID_ARGUMENT), "B is given twice");
  EXPECT_CONTAINS(refused(text, {{'B', 1}, {'Q', 2}}, ATH_INVALID_ARGUMENT), "has no symbol Q");
  EXPECT_CONTAINS(refused(text, {{'b', 1}}, ATH_INVALID_ARGUMENT), "expected 'A' to 'Z'");
  EXPECT_CONTAINS(refused("input x f32[H-4]\noutput y f32[H-4]\nrelu y x\nhalt\n", {{'H', 4}}, ATH_INVALID_ARGUMENT),
                  "\"x\" is f32[H-4], and dimension 0 would be 0; expected at least 1");
  EXPECT_CONTAINS(refused("input x f32[A,A,A]\noutput y f32[A,A,A]\nrelu y x\nhalt\n", {{'A', INT32_MAX}}, ATH_OUT_OF_MEMORY), "does not fit in memory");
}

TEST(work_for_a_device_that_is_not_here) {
  EXPECT_CONTAINS(refused("gpu_init\nhalt\n", {}, ATH_UNAVAILABLE), "op 0 gpu_init needs a CUDA device, and none of the devices is one (cpu: has no such op; reference:");
  EXPECT_CONTAINS(refused("input x f32[2,2]\noutput y f32[2,2]\ngpu_matmul y x x\nhalt\n", {}, ATH_UNAVAILABLE), "needs a CUDA device");
  EXPECT_CONTAINS(refused("vk_init\nvk_submit\nvk_sync\nhalt\n", {}, ATH_UNAVAILABLE), "op 0 vk_init needs a Vulkan device");
}

TEST(the_unverified_is_verified) { EXPECT_CONTAINS(refused("nop\n", {}, ATH_INVALID_ARGUMENT), "the last of 1 instructions must be halt"); }

TEST(bytes_of_inputs_and_outputs) {
  const TextProgram program(std::string(kChain) + "relu y x\nhalt\n");
  const Planned plan(program, {{'B', 5}});
  EXPECT_EQ(ath_executable_tensor_bytes(plan.get(), 0), 80u);
  EXPECT_EQ(ath_executable_tensor_bytes(plan.get(), 1), 0u);
  EXPECT_EQ(ath_executable_tensor_bytes(plan.get(), 5), 80u);
  EXPECT_EQ(ath_executable_tensor_bytes(plan.get(), 99), 0u);
}

TEST(an_executable_outlives_what_it_was_made_from) {
  ath_instance* instance = nullptr;
  ath_device* device = nullptr;
  EXPECT_OK(ath_instance_create("", &instance));
  EXPECT_OK(ath_device_open(instance, "cpu", &device));
  ath_program* program = nullptr;
  const std::string text = std::string(kChain) + "matmul a x w\nelu y a\nhalt\n";
  EXPECT_OK(ath_program_parse(text.data(), text.size(), &program));
  ath_executable* executable = nullptr;
  const ath_symbol_value batch = {'B', 1};
  EXPECT_OK(ath_executable_create(program, &device, 1, &batch, 1, &executable));
  ath_program_release(program);
  ath_device_release(device);
  ath_instance_destroy(instance);
  const float x[4] = {1, 2, 3, -4};
  float y[4] = {};
  const void* inputs[1] = {x};
  void* outputs[1] = {y};
  const ath_run run = {sizeof(ath_run), 1, inputs, outputs, 1, 0, nullptr, nullptr};
  EXPECT_OK(ath_executable_run(executable, &run));
  EXPECT_EQ(y[2], 3.0f);
  ath_executable_retain(executable);
  ath_executable_release(executable);
  EXPECT_OK(ath_executable_run(executable, &run));
  ath_executable_release(executable);
  ath_executable_release(nullptr);
}

// Windows and paddings whose products do not fit in 64 bits: a plan with a small scratch would be written past its end.
TEST(a_window_wider_than_any_tensor_is_refused) {
  const TextProgram program("input x f32[1,1,2048,1]\nconstant w f32[1048577,1,1,1] = " + std::string(8 * 1048577, '0') +
                            "\noutput y f32[1,1,2048,1]\nattr 2147483648 0 0 0\nconv2d y x w\nhalt\n");
  ath_executable* executable = nullptr;
  if (!EXPECT_STATUS(ath_executable_create(program.get(), nullptr, 0, nullptr, 0, &executable), ATH_INVALID_ARGUMENT)) return ath_executable_release(executable);
  EXPECT_CONTAINS(ath_status_message(), "a window of 2251799813685249 on H: 1048577 cells 2147483648 apart; expected at most 2147483647");
}

TEST(padded_images_that_fit_in_no_memory_are_refused) {
  // Padded to 2^31 x 2^31 cells, which are 2^64 bytes; and to (2^31 - 1) x (2^31 - 1).
  for (const std::string side : {"2", "1"}) {
    const std::string shape = "f32[1," + side + "," + side + ",1]";
    EXPECT_CONTAINS(refused("input x " + shape + "\nconstant w f32[3,3,1,1] = " + std::string(72, '0') + "\noutput y " + shape +
                                "\nattr 1073741823 0 0 0\nconv2d y x w\nhalt\n",
                            {}, ATH_OUT_OF_MEMORY),
                    "memory");
  }
}

EXPECT_MAIN
