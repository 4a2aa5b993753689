// forward() takes the GIL, gives the law a copy of the engine's batch, and copies Delta back.
#include "callable_law.hpp"

#include <pybind11/numpy.h>

#include <cstring>
#include <vector>

#include "status.hpp"

namespace atheria::bindings {
namespace {

using Shared = std::shared_ptr<CallableLaw>;

CallableLaw& law_of(void* self) { return **static_cast<Shared*>(self); }

ath_status describe(void* self, ath_law_info* out_info) {
  const CallableLaw& law = law_of(self);
  out_info->channels = 2 * law.d;
  out_info->radius = law.radius;
  out_info->alignment = law.alignment;
  out_info->flags = ATH_LAW_ONE_CALL | (law.product ? ATH_LAW_PRODUCT : 0u);
  out_info->gamma = law.gamma;
  out_info->name = law.name.c_str();
  out_info->backend = "python";
  std::memset(out_info->digest, 0, sizeof(out_info->digest));
  return ATH_OK;
}

py::object domains_of(const ath_law_batch& batch) {
  if (batch.domains == nullptr) return py::none();
  py::array_t<int32_t> domains({py::ssize_t{batch.count}, py::ssize_t{4}});
  int32_t* out = domains.mutable_data();
  for (uint32_t i = 0; i < batch.count; ++i) {
    const ath_rectangle& r = batch.domains[i];
    const int32_t row[4] = {r.y0, r.x0, r.y1, r.x1};
    std::memcpy(out + 4 * i, row, sizeof(row));
  }
  return domains;
}

ath_status call(const CallableLaw& law, const ath_law_batch& batch) {
  const py::ssize_t channels = 2 * law.d;
  const std::vector<py::ssize_t> shape = {batch.count, batch.height + 2 * law.radius, batch.width + 2 * law.radius, channels};
  // A copy: whoever keeps the array (the law, a traceback's frame) may outlive the engine, whose memory the batch is.
  const py::array_t<float> patches(shape, batch.input);
  const py::object result = law.forward(patches, domains_of(batch));
  const auto delta = py::array_t<float, py::array::c_style | py::array::forcecast>::ensure(result);
  if (!delta) throw py::error_already_set();
  const std::vector<py::ssize_t> expected = {batch.count, batch.height, batch.width, channels};
  if (delta.ndim() != 4 || !std::equal(expected.begin(), expected.end(), delta.shape())) {
    return ath_status_set(ATH_INVALID_ARGUMENT, "law '%s' gave shape %s, expected [%u, %u, %u, %u]", law.name.c_str(),
                          std::string(py::str(delta.attr("shape"))).c_str(), batch.count, batch.height, batch.width, 2 * law.d);
  }
  std::memcpy(batch.output, delta.data(), static_cast<size_t>(delta.size()) * sizeof(float));
  return ATH_OK;
}

ath_status forward(void* self, const ath_law_batch* batch) {
  py::gil_scoped_acquire gil;
  CallableLaw& law = law_of(self);
  try {
    return call(law, *batch);
  } catch (py::error_already_set& error) {
    law.raised = std::make_shared<py::error_already_set>(error);
    return ath_status_set(ATH_INTERNAL, "law '%s' raised: %s", law.name.c_str(), error.what());
  } catch (const std::exception& error) {
    return ath_status_set(ATH_INTERNAL, "law '%s': %s", law.name.c_str(), error.what());
  }
}

void destroy(void* self) {
  py::gil_scoped_acquire gil;
  delete static_cast<Shared*>(self);
}

}  // namespace

ath_law provider_of(const Shared& law) {
  ath_law provider = {};
  provider.struct_bytes = sizeof(provider);
  provider.abi_version = ATH_ABI_VERSION;
  provider.self = new Shared(law);
  provider.describe = describe;
  provider.prepare = nullptr;
  provider.forward = forward;
  provider.destroy = destroy;
  return provider;
}

}  // namespace atheria::bindings
