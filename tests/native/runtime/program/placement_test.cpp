// Devices with memory of their own: what is copied and when, ops in between that the device lacks, masks, failures, many threads.
#include <thread>

#include "text_program.hpp"

namespace {

struct Island {
  ath_instance* instance = nullptr;
  ath_device* device = nullptr;
  Island() {
    EXPECT_OK(ath_instance_create(TEST_PLUGINS, &instance));
    EXPECT_OK(ath_device_open(instance, "island", &device));
  }
  Island(const Island&) = delete;
  ~Island() {
    ath_device_release(device);
    ath_instance_destroy(instance);
  }
  ath_device_info facts() const {
    ath_device_info info;
    EXPECT_OK(ath_device_describe(device, &info));
    return info;
  }
  uint64_t uploads() const { return facts().memory_bytes; }
  uint64_t downloads() const { return facts().memory_free_bytes; }
  std::string blocks() const { return facts().level; }
};

}  // namespace

TEST(what_stays_on_the_device_is_not_copied) {
  const Island island;
  const TextProgram program("input x f32[N]\nconstant b f32[4] = " + hex({1, -2, 3, -4}) +
                            "\nlocal s f32[N]\nlocal t f32[N]\noutput y f32[N]\nadd s x x\nadd t s x\nrelu y t\nhalt\n");
  {
    const Planned plan(program, {{'N', 4}}, island.device);
    EXPECT_CONTAINS(plan.explain(), "0 add s:f32[4] x:f32[4] x:f32[4] on island\n1 add t:f32[4] s:f32[4] x:f32[4] on island\n2 relu y:f32[4] t:f32[4] on island");
    const uint64_t uploads = island.uploads(), downloads = island.downloads();
    const float x[4] = {1, -1, 2, 0.5f};
    float y[4] = {};
    for (int again = 1; again <= 3; ++again) {
      EXPECT_OK(plan.run({x}, {y}));
      EXPECT_EQ(y[0], 3.0f);
      EXPECT_EQ(y[1], 0.0f);
      EXPECT_EQ(y[3], 1.5f);
      EXPECT_EQ(island.uploads() - uploads, uint64_t(again));
      EXPECT_EQ(island.downloads() - downloads, uint64_t(again));
    }
    EXPECT_EQ(island.blocks(), "1 blocks");  // of one run at a time, and no constants that the device needs
  }
  EXPECT_EQ(island.blocks(), "0 blocks");
}

TEST(constants_are_uploaded_once) {
  const Island island;
  const TextProgram program("input x f32[4]\nconstant b f32[4] = " + hex({1, -2, 3, -4}) + "\nlocal s f32[4]\noutput y f32[4]\nadd s x b\nadd y s b\nhalt\n");
  const uint64_t before = island.uploads();
  const Planned plan(program, {}, island.device);
  EXPECT_EQ(island.uploads() - before, 1u);
  const float x[4] = {1, 1, 1, 1};
  float y[4] = {};
  for (int again = 0; again < 2; ++again) EXPECT_OK(plan.run({x}, {y}));
  EXPECT_EQ(y[3], -7.0f);
  EXPECT_EQ(island.uploads() - before, 3u);
}

TEST(ops_the_device_lacks_run_between_on_the_host) {
  const Island island;
  // scale is the host's; s is read there and again on the device; the second output is made on the host, the first is read by it.
  const TextProgram program(
      "input x f32[N]\nlocal s f32[N]\nlocal t f32[N]\nlocal u f32[N]\noutput y f32[N]\noutput z f32[N]\n"
      "add s x x\nscale t s 0x40400000\nadd u t s\nrelu y u\nmul z y t\nhalt\n");
  const Planned plan(program, {{'N', 70}}, island.device);
  EXPECT_CONTAINS(plan.explain(), "1 scale t:f32[70] s:f32[70] on cpu\n2 add u:f32[70] t:f32[70] s:f32[70] on island");
  EXPECT_CONTAINS(plan.explain(), "4 mul z:f32[70] y:f32[70] t:f32[70] on cpu");
  std::vector<float> x(70), y(70), z(70);
  for (size_t i = 0; i < 70; ++i) x[i] = float(i) - 20;
  const uint64_t uploads = island.uploads(), downloads = island.downloads();
  EXPECT_OK(plan.run({x.data()}, {y.data(), z.data()}));
  for (size_t i = 0; i < 70; ++i) {
    const float wanted = x[i] > 0 ? 8 * x[i] : 0;
    if (!EXPECT_EQ(y[i], wanted) || !EXPECT_EQ(z[i], wanted * 6 * x[i])) break;
  }
  EXPECT_EQ(island.uploads() - uploads, 2u);      // x, t
  EXPECT_EQ(island.downloads() - downloads, 2u);  // s, y: and y only once, though the host reads it and it is a result
}

TEST(a_result_made_early_keeps_its_memory) {
  const Island island;
  const TextProgram program(
      "input x f32[64]\nlocal s f32[64]\nlocal t f32[64]\noutput y f32[64]\noutput z f32[64]\n"
      "relu y x\nadd s x x\nadd t s x\nrelu z t\nhalt\n");
  const Planned plan(program, {}, island.device);
  const std::vector<float> x(64, 5);
  std::vector<float> y(64), z(64);
  EXPECT_OK(plan.run({x.data()}, {y.data(), z.data()}));
  EXPECT_EQ(y[63], 5.0f);
  EXPECT_EQ(z[63], 15.0f);
}

TEST(from_one_device_to_another_by_way_of_the_host) {
  const Island island;
  ath_device* far = nullptr;
  EXPECT_OK(ath_device_open(island.instance, "far_memory", &far));
  {
    const TextProgram program("input x f32[N]\nlocal s f32[N]\nlocal t f32[N]\noutput y f32[N]\nadd s x x\nsub t s x\nadd y t s\nhalt\n");
    const Planned plan(program, {{'N', 70}}, {island.device, far});
    EXPECT_CONTAINS(plan.explain(), "1 sub t:f32[70] s:f32[70] x:f32[70] on far_memory\n2 add y:f32[70] t:f32[70] s:f32[70] on island");
    std::vector<float> x(70), y(70);
    for (size_t i = 0; i < 70; ++i) x[i] = float(i) - 20;
    const uint64_t uploads = island.uploads(), downloads = island.downloads();
    EXPECT_OK(plan.run({x.data()}, {y.data()}));
    for (size_t i = 0; i < 70; ++i)
      if (!EXPECT_EQ(y[i], 3 * x[i])) break;
    EXPECT_EQ(island.uploads() - uploads, 2u);      // x, t
    EXPECT_EQ(island.downloads() - downloads, 2u);  // s, y
    EXPECT_EQ(island.blocks(), "1 blocks");

    const Planned large(program, {{'N', 100000}}, {island.device, far});
    std::vector<float> x_large(100000), y_large(100000);
    EXPECT_STATUS(large.run({x_large.data()}, {y_large.data()}), ATH_OUT_OF_MEMORY);
    EXPECT_CONTAINS(ath_status_message(), "no device memory for a run: far_memory: ");
    EXPECT_EQ(island.blocks(), "1 blocks");  // what the one device gave is back when the other refuses
  }
  ath_device_release(far);
}

TEST(many_threads_have_memory_each) {
  const Island island;
  const TextProgram program("input x f32[N]\nlocal s f32[N]\nlocal t f32[N]\noutput y f32[N]\nadd s x x\nscale t s 0x40400000\nadd y t x\nhalt\n");
  {
    const Planned plan(program, {{'N', 500}}, island.device);
    std::vector<std::thread> threads;
    std::vector<int> wrong(4, 0);
    for (size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        std::vector<float> x(500, float(t)), y(500);
        for (int again = 0; again < 200; ++again) {
          if (plan.run({x.data()}, {y.data()})) ++wrong[t];
          for (const float value : y) wrong[t] += value != 7 * float(t);
        }
      });
    for (std::thread& thread : threads) thread.join();
    for (const int count : wrong) EXPECT_EQ(count, 0);
  }
  EXPECT_EQ(island.blocks(), "0 blocks");
}

TEST(the_devices_failure_is_the_runs) {
  const Island island;
  const TextProgram program("program \"voyage\"\ninput x f32[2]\noutput y f32[2]\nadd y x x\nhalt\n");
  {
    const Planned plan(program, {}, island.device);
    const float good[2] = {1, 2}, bad[2] = {13, 2};
    float y[2] = {};
    EXPECT_STATUS(plan.run({bad}, {y}), ATH_INTERNAL);
    EXPECT_EQ(ath_status_message(), "program \"voyage\": island: the device is lost at sea");
    EXPECT_OK(plan.run({good}, {y}));
    EXPECT_EQ(y[1], 4.0f);
    EXPECT_EQ(island.blocks(), "1 blocks");
  }
  EXPECT_EQ(island.blocks(), "0 blocks");
}

TEST(masks_are_the_hosts_where_the_device_has_none) {
  const Island island;
  const TextProgram program("input x f32[B,H,W,1]\nconstant w f32[3,3,1,1] = " + hex({1, 2, 3, 4, 5, 6, 7, 8, 9}) + "\nconstant b f32[1] = " + hex({10}) +
                            "\nlocal a f32[B,H-2,W-2,1]\noutput y f32[B,H-4,W-4,1]\nconv2d a x w b\nconv2d y a w b\nhalt\n");
  const Planned near(program, {{'B', 2}, {'H', 7}, {'W', 8}}), far(program, {{'B', 2}, {'H', 7}, {'W', 8}}, island.device);
  EXPECT_CONTAINS(far.explain(), "conv2d y:f32[2,3,4,1] a:f32[2,5,6,1] w:f32[3,3,1,1] b:f32[1] on island");
  std::vector<float> x(2 * 7 * 8, 0.0f), wanted(2 * 3 * 4), got(wanted.size());
  const std::vector<ath_rectangle> domains = {{3, 2, 7, 8}, {0, 0, 7, 8}};
  for (int i = 0; i < 2; ++i)
    for (int y = domains[size_t(i)].y0; y < domains[size_t(i)].y1; ++y)
      for (int c = domains[size_t(i)].x0; c < domains[size_t(i)].x1; ++c) x[size_t((i * 7 + y) * 8 + c)] = float(i + y + c);
  EXPECT_OK(near.run({x.data()}, {wanted.data()}, domains));
  EXPECT_OK(far.run({x.data()}, {got.data()}, domains));
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(got[i], wanted[i]);
  // The host read it before it was masked, and reads it again.
  const TextProgram both("input x f32[B,H,W,1]\nconstant w f32[3,3,1,1] = " + hex({1, 2, 3, 4, 5, 6, 7, 8, 9}) + "\nconstant b f32[1] = " + hex({10}) +
                         "\nlocal a f32[B,H-2,W-2,1]\noutput u f32[B,H-2,W-2,1]\noutput v f32[B,H-2,W-2,1]\noutput y f32[B,H-4,W-4,1]\n"
                         "conv2d a x w b\nscale u a 0x40400000\nconv2d y a w b\nscale v a 0x40400000\nhalt\n");
  const Planned both_near(both, {{'B', 2}, {'H', 7}, {'W', 8}}), both_far(both, {{'B', 2}, {'H', 7}, {'W', 8}}, island.device);
  std::vector<float> u[2], v[2];
  for (int i = 0; i < 2; ++i) {
    u[i].resize(2 * 5 * 6);
    v[i].resize(2 * 5 * 6);
    EXPECT_OK((i ? both_far : both_near).run({x.data()}, {u[i].data(), v[i].data(), got.data()}, domains));
  }
  EXPECT(u[0] == u[1] && v[0] == v[1] && u[0] != v[0]);
  std::vector<float> unmasked(wanted.size());
  EXPECT_OK(far.run({x.data()}, {unmasked.data()}));
  EXPECT(unmasked != wanted);
}

EXPECT_MAIN
