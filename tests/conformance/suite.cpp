// Running cases on the subject named by CONFORMANCE_SUBJECT ("cpu:avx2", "openblas"), and the program's main.
#include "suite.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "environment.hpp"
#include "expect.hpp"

namespace conformance {
namespace {

Subject the_subject;

std::map<std::string, std::vector<Exclusion>>& registry() {
  static std::map<std::string, std::vector<Exclusion>> backends;
  return backends;
}

const float kSpecials[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 3.4e38f, -3.4e38f, 1e-38f, -1e-40f, 88.0f, -88.0f, 104.0f, -104.0f};

bool close(float got, float oracle, double absolute, double relative) {
  if (std::isnan(oracle)) return std::isnan(got);
  if (std::isinf(oracle)) return got == oracle;
  return std::fabs(double(got) - double(oracle)) <= absolute + relative * std::fabs(double(oracle));
}

std::map<std::string, std::set<std::string>> skipped_by_reason;

size_t count_of(const Shape& shape, int64_t batch) {
  size_t count = 1;
  for (const int64_t dim : shape) count *= size_t(dim < 0 ? batch : dim);
  return count;
}

}  // namespace

const Subject& subject() { return the_subject; }

Backend::Backend(const char* name, std::vector<Exclusion> exclusions) { registry()[name] = std::move(exclusions); }

const std::vector<Exclusion>& exclusions_of(const std::string& backend) { return registry()[backend]; }

Case::Case(std::string name) : name_(std::move(name)) { EXPECT_OK(ath_program_create(&program_)); }

Case::~Case() { ath_program_release(program_); }

uint32_t Case::add(ath_role role, const Shape& shape, const Values* bytes) {
  ath_tensor tensor = {};
  std::snprintf(tensor.name, sizeof tensor.name, "t%zu", tensors_.size());
  tensor.dtype = ATH_DTYPE_F32;
  tensor.role = role;
  tensor.rank = uint32_t(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    tensor.dims[i] = shape[i] < 0 ? ath_dimension{'B', 0} : ath_dimension{0, int32_t(shape[i])};
  }
  uint32_t handle = ATH_NONE;
  EXPECT_OK(ath_program_add_tensor(program_, &tensor, bytes ? bytes->data() : nullptr, bytes ? bytes->size() * 4 : 0, &handle));
  return handle;
}

uint32_t Case::input(Shape shape, float low, float high) {
  const uint32_t handle = add(ATH_ROLE_INPUT, shape, nullptr);
  tensors_.push_back({std::move(shape), ATH_ROLE_INPUT, low, high});
  return handle;
}

uint32_t Case::constant(Shape shape, float low, float high) {
  Values values(count_of(shape, 1));
  std::mt19937 random(unsigned(tensors_.size()) * 7919u + 13);
  for (float& value : values) value = std::uniform_real_distribution<float>(low, high)(random);
  const uint32_t handle = add(ATH_ROLE_CONSTANT, shape, &values);
  tensors_.push_back({std::move(shape), ATH_ROLE_CONSTANT, low, high});
  return handle;
}

uint32_t Case::local(Shape shape) {
  const uint32_t handle = add(ATH_ROLE_LOCAL, shape, nullptr);
  tensors_.push_back({std::move(shape), ATH_ROLE_LOCAL, 0, 0});
  return handle;
}

uint32_t Case::output(Shape shape) {
  const uint32_t handle = add(ATH_ROLE_OUTPUT, shape, nullptr);
  tensors_.push_back({std::move(shape), ATH_ROLE_OUTPUT, 0, 0});
  return handle;
}

void Case::op(uint32_t opcode, std::initializer_list<uint32_t> operands) {
  ath_instruction code = {opcode, {}};
  std::copy(operands.begin(), operands.end(), code.operands);
  EXPECT_OK(ath_program_add_instruction(program_, &code));
  if (opcode != ATH_OP_ATTR) opcodes_.push_back(opcode);
}

Case& Case::with_specials() { return specials_ = true, *this; }

Case& Case::with_nans() { return nans_ = true, *this; }

Case& Case::within(double absolute, double relative) { return absolute_ = absolute, relative_ = relative, *this; }

Case& Case::whole_only() { return split_ = false, *this; }

Case& Case::must_run_here() { return must_run_here_ = true, *this; }

// Items [first, first + count) of the batch.
void Case::execute(ath_device* device, int64_t first, int64_t count, std::vector<Values>* outputs, std::string* plan) const {
  const ath_symbol_value batch = {'B', count};
  bool symbolic = false;
  for (const Tensor& tensor : tensors_)
    for (const int64_t dim : tensor.shape) symbolic = symbolic || dim < 0;
  ath_executable* executable = nullptr;
  if (!EXPECT_OK(ath_executable_create(program_, &device, 1, &batch, symbolic, &executable))) return;
  std::vector<const void*> inputs;
  std::vector<void*> places;
  outputs->clear();
  size_t next = 0;
  for (const Tensor& tensor : tensors_) {
    if (tensor.role == ATH_ROLE_INPUT) {
      const bool batched = tensor.shape[0] < 0;
      inputs.push_back(inputs_[next++].data() + (batched ? size_t(first) * count_of(tensor.shape, 1) : 0));
    }
    // A guard behind each output: a kernel must not write past its end.
    if (tensor.role == ATH_ROLE_OUTPUT) outputs->push_back(Values(count_of(tensor.shape, count) + 16, 777.0f));
  }
  for (Values& values : *outputs) places.push_back(values.data());
  ath_run run = {};
  run.struct_bytes = sizeof run;
  run.inputs = inputs.data();
  run.input_count = uint32_t(inputs.size());
  run.outputs = places.data();
  run.output_count = uint32_t(places.size());
  EXPECT_OK(ath_executable_run(executable, &run));
  for (Values& values : *outputs) {
    for (size_t i = values.size() - 16; i < values.size(); ++i)
      if (!EXPECT_EQ(values[i], 777.0f)) break;
    values.resize(values.size() - 16);
  }
  char* text = nullptr;
  if (EXPECT_OK(ath_executable_explain(executable, &text))) *plan = text;
  ath_bytes_free(text);
  ath_executable_release(executable);
}

void Case::run(int64_t batch) {
  const int before = expect::failures;
  ath_instruction halt = {ATH_OP_HALT, {}};
  EXPECT_OK(ath_program_add_instruction(program_, &halt));
  std::mt19937 random(20240607);
  for (const Tensor& tensor : tensors_) {
    if (tensor.role != ATH_ROLE_INPUT) continue;
    Values values(count_of(tensor.shape, batch));
    for (float& value : values) value = std::uniform_real_distribution<float>(tensor.low, tensor.high)(random);
    for (size_t i = 0; specials_ && i < values.size(); i += 3) values[i] = kSpecials[i / 3 % (sizeof kSpecials / sizeof *kSpecials)];
    for (size_t i = 20; nans_ && i < values.size(); i += 41) values[i] = NAN;
    inputs_.push_back(std::move(values));
  }
  std::vector<Values> wanted, got;
  std::string plan, oracle_plan;
  execute(subject().oracle, 0, batch, &wanted, &oracle_plan);
  execute(subject().device, 0, batch, &got, &plan);

  // The subject itself must have done every op, unless it is known not to.
  for (const uint32_t opcode : opcodes_) {
    const Exclusion* excluded = nullptr;
    for (const Exclusion& exclusion : exclusions_of(subject().backend))
      if (exclusion.opcode == opcode && !must_run_here_) excluded = &exclusion;
    if (excluded) {
      skipped_by_reason[std::string(excluded->for_ever ? "never: " : "not yet: ") + excluded->reason].insert(name_);
    } else {
      EXPECT_CONTAINS(plan, " on " + subject().backend);
    }
  }

  for (size_t output = 0; output < wanted.size() && output < got.size(); ++output)
    for (size_t i = 0; i < wanted[output].size(); ++i)
      if (!close(got[output][i], wanted[output][i], absolute_, relative_)) {
        expect::fail(__FILE__, __LINE__, name_ + ", output " + std::to_string(output) + " element " + std::to_string(i) + ": got " +
                                             expect::shown(got[output][i]) + ", oracle " + expect::shown(wanted[output][i]) + "\n" + plan);
        break;
      }

  for (int64_t count = 1; split_ && count < batch; ++count)
    for (int64_t first = 0; first + count <= batch; first += count) {
      std::vector<Values> part;
      execute(subject().device, first, count, &part, &plan);
      for (size_t output = 0; output < part.size(); ++output) {
        const size_t item = got[output].size() / size_t(batch);
        if (std::memcmp(part[output].data(), got[output].data() + size_t(first) * item, item * size_t(count) * 4))
          expect::fail(__FILE__, __LINE__, name_ + ": items " + std::to_string(first) + " to " + std::to_string(first + count) +
                                               " alone have other bits than in the whole batch of " + std::to_string(batch));
      }
    }
  if (expect::failures != before) std::fprintf(stderr, "case %s failed\n", name_.c_str());
}

}  // namespace conformance

int main(int argument_count, char** arguments) {
  using namespace conformance;
  const char* wanted = std::getenv("CONFORMANCE_SUBJECT");
  const std::string name = wanted ? wanted : "cpu";
  const size_t colon = name.find(':');
  the_subject.backend = name.substr(0, colon);
  if (colon != std::string::npos) {
    the_subject.level = name.substr(colon + 1);
    expect::set_environment("ATHERIA_CPU_LEVEL", the_subject.level);
  }
  if (const ath_status refused = ath_instance_create(nullptr, &the_subject.instance)) {
    std::fprintf(stderr, "skip %s: %s\n", name.c_str(), ath_status_message());
    return refused == ATH_INVALID_ARGUMENT ? 77 : 1;  // a level above the machine's
  }
  if (const ath_status refused = ath_device_open(the_subject.instance, the_subject.backend.c_str(), &the_subject.device)) {
    std::fprintf(stderr, "skip %s: %s\n", name.c_str(), ath_status_message());
    return refused == ATH_NOT_FOUND || refused == ATH_UNAVAILABLE ? 77 : 1;
  }
  if (!EXPECT_OK(ath_device_open(the_subject.instance, "reference", &the_subject.oracle))) return 1;
  if (!registry().count(the_subject.backend)) {
    std::fprintf(stderr, "%s is not registered: add tests/conformance/backends/%s.cpp\n", name.c_str(), the_subject.backend.c_str());
    return 1;
  }
  ath_device_info info;
  if (EXPECT_OK(ath_device_describe(the_subject.device, &info))) std::fprintf(stderr, "subject %s: %s, %s\n", name.c_str(), info.name, info.level);
  const int result = expect::main(argument_count, arguments);
  for (const auto& [reason, names] : skipped_by_reason)
    std::fprintf(stderr, "left to another backend, %s (%zu cases, first: %s)\n", reason.c_str(), names.size(), names.begin()->c_str());
  ath_device_release(the_subject.oracle);
  ath_device_release(the_subject.device);
  ath_instance_destroy(the_subject.instance);
  return result;
}
