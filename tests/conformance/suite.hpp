// One op on one backend against the oracle: a case says what to compute, the suite runs it everywhere it should run.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "atheria/program.h"

namespace conformance {

using Shape = std::vector<int64_t>;
using Values = std::vector<float>;

// A program of one op (and what may be fused behind it). Tensors by the order they are added.
class Case {
 public:
  explicit Case(std::string name);
  ~Case();
  Case(const Case&) = delete;

  // A dimension given as -1 is the symbol B, which takes the values of `batches`.
  uint32_t input(Shape shape, float low = -2, float high = 2);
  uint32_t constant(Shape shape, float low = -1, float high = 1);
  uint32_t local(Shape shape);
  uint32_t output(Shape shape);
  void op(uint32_t opcode, std::initializer_list<uint32_t> operands);

  // Puts NaN, infinities, signed zeros, denormals and the largest floats among the inputs.
  Case& with_specials();
  // Puts a NaN in every 41st place of the inputs, so that most rows have none and few have more than one.
  Case& with_nans();
  // |got - oracle| <= absolute + relative |oracle|.
  Case& within(double absolute, double relative);
  // Rows of the first axis do not know of each other: any split must give the same bits. On unless told otherwise.
  Case& whole_only();
  // The subject must take it though its exclusions name the op.
  Case& must_run_here();
  // Runs it on the subject: against the oracle, and with the batch split. `batch` is the value of B.
  void run(int64_t batch = 4);

 private:
  uint32_t add(ath_role role, const Shape& shape, const Values* bytes);
  void execute(ath_device* device, int64_t first, int64_t count, std::vector<Values>* outputs, std::string* plan) const;

  struct Tensor {
    Shape shape;
    ath_role role;
    float low, high;
  };
  std::string name_;
  ath_program* program_ = nullptr;
  std::vector<Tensor> tensors_;
  std::vector<Values> inputs_;  // for the whole batch
  std::vector<uint32_t> opcodes_;
  bool specials_ = false, nans_ = false, split_ = true, must_run_here_ = false;
  double absolute_ = 1e-6, relative_ = 2e-6;
};

// What is tested: a backend, for cpu at one level.
struct Subject {
  std::string backend, level;
  ath_instance* instance = nullptr;
  ath_device* device = nullptr;
  ath_device* oracle = nullptr;
};
const Subject& subject();

// What a backend does not have, with the reason; see backends/<name>.cpp.
struct Exclusion {
  uint32_t opcode;
  const char* reason;
  bool for_ever;  // else: not yet
};
const std::vector<Exclusion>& exclusions_of(const std::string& backend);
struct Backend {
  Backend(const char* name, std::vector<Exclusion> exclusions);
};

}  // namespace conformance
