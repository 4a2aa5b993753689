// Programs: law files to text and back, verification, and running one on arrays.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>

#include "arrays.hpp"
#include "atheria/program.h"
#include "process.hpp"
#include "status.hpp"
#include "topics.hpp"

namespace atheria::bindings {
namespace {

using Program = std::unique_ptr<ath_program, void (*)(ath_program*)>;
using Executable = std::unique_ptr<ath_executable, void (*)(ath_executable*)>;
using Symbols = std::vector<ath_symbol_value>;

Program load(const py::bytes& file) {
  const std::string_view bytes = file;
  ath_program* program = nullptr;
  check(ath_program_load(bytes.data(), bytes.size(), &program));
  return Program(program, ath_program_release);
}

std::string format(const py::bytes& file) {
  char* text = nullptr;
  size_t count = 0;
  check(ath_program_format(load(file).get(), &text, &count));
  std::string out(text, count);
  ath_bytes_free(text);
  return out;
}

py::bytes parse(const std::string& text) {
  ath_program* parsed = nullptr;
  check(ath_program_parse(text.data(), text.size(), &parsed));
  const Program program(parsed, ath_program_release);
  check(ath_program_verify(program.get()));
  void* raw = nullptr;
  size_t count = 0;
  check(ath_program_save(program.get(), &raw, &count));
  py::bytes out(static_cast<const char*>(raw), count);
  ath_bytes_free(raw);
  return out;
}

// Values of the symbols, from the shapes of the inputs.
Symbols bind_symbols(const ath_tensor& tensor, const Floats& array, Symbols symbols) {
  if (array.ndim() != static_cast<py::ssize_t>(tensor.rank)) {
    raise_usage("input " + std::string(tensor.name) + " has rank " + std::to_string(array.ndim()) + ", the program wants " +
                std::to_string(tensor.rank));
  }
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    const ath_dimension& dim = tensor.dims[i];
    int64_t value = dim.extent;
    if (dim.symbol != 0) {
      auto found = std::find_if(symbols.begin(), symbols.end(), [&](const auto& s) { return s.symbol == dim.symbol; });
      if (found == symbols.end()) found = symbols.insert(symbols.end(), {dim.symbol, array.shape(i) - dim.extent});
      value += found->value;
    }
    if (value != array.shape(i)) {
      raise_usage("input " + std::string(tensor.name) + " has extent " + std::to_string(array.shape(i)) + " in dimension " + std::to_string(i) +
                  ", expected " + std::to_string(value));
    }
  }
  return symbols;
}

std::vector<py::ssize_t> shape_of(const ath_tensor& tensor, const Symbols& symbols) {
  std::vector<py::ssize_t> shape;
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    py::ssize_t value = tensor.dims[i].extent;
    for (const auto& s : symbols) value += s.symbol == tensor.dims[i].symbol ? s.value : 0;
    shape.push_back(value);
  }
  return shape;
}

py::list evaluate(const py::bytes& file, const std::vector<py::object>& inputs, const std::string& backend) {
  const Program program = load(file);
  std::vector<Floats> arrays;
  std::vector<const void*> in;
  std::vector<ath_tensor> outputs;
  Symbols symbols;
  for (size_t i = 0; i < ath_program_tensor_count(program.get()); ++i) {
    ath_tensor tensor = {};
    check(ath_program_tensor(program.get(), static_cast<uint32_t>(i), &tensor, nullptr, nullptr));
    if (tensor.role == ATH_ROLE_OUTPUT) outputs.push_back(tensor);
    if (tensor.role != ATH_ROLE_INPUT) continue;
    if (arrays.size() == inputs.size()) raise_usage(std::to_string(inputs.size()) + " inputs given, the program has more");
    arrays.push_back(py::array_t<float, py::array::c_style | py::array::forcecast>(inputs[arrays.size()]));
    symbols = bind_symbols(tensor, arrays.back(), std::move(symbols));
    in.push_back(arrays.back().data());
  }
  if (arrays.size() != inputs.size()) raise_usage(std::to_string(inputs.size()) + " inputs given, the program has " + std::to_string(arrays.size()));
  ath_device* devices[] = {device(backend)};
  ath_executable* planned = nullptr;
  check(ath_executable_create(program.get(), devices, 1, symbols.data(), symbols.size(), &planned));
  const Executable executable(planned, ath_executable_release);
  py::list results;
  std::vector<void*> out;
  for (const ath_tensor& tensor : outputs) {
    Floats array(shape_of(tensor, symbols));
    out.push_back(array.mutable_data());
    results.append(array);
  }
  ath_run run = {};
  run.struct_bytes = sizeof(run);
  run.inputs = in.data();
  run.input_count = static_cast<uint32_t>(in.size());
  run.outputs = out.data();
  run.output_count = static_cast<uint32_t>(out.size());
  Outcome outcome;
  {
    py::gil_scoped_release release;
    outcome = Outcome::of(ath_executable_run(executable.get(), &run));
  }
  outcome.raise_if_failed();
  return results;
}

}  // namespace

void bind_program(py::module_& module) {
  module.def("program_text", format, py::arg("law_file"), "The text form of a law file's bytes.");
  module.def("program_bytes", parse, py::arg("text"), "The law file of a program in text form, verified.");
  module.def(
      "verify_program", [](const py::bytes& file) { check(ath_program_verify(load(file).get())); }, py::arg("law_file"),
      "Raises the first thing that is wrong with a law file's program.");
  module.def("evaluate_program", evaluate, py::arg("law_file"), py::arg("inputs"), py::arg("backend") = "auto",
             "Runs a program on float32 arrays, in the order of its inputs; returns the outputs.");
}

}  // namespace atheria::bindings
