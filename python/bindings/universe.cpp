// Owns one engine; translates arrays, statuses and interruption.
#include "universe.hpp"

#include <chrono>
#include <utility>

#include "status.hpp"

namespace atheria::bindings {
namespace {

constexpr std::pair<const char*, ath_view> kViews[] = {
    {"state", ATH_VIEW_STATE}, {"density", ATH_VIEW_DENSITY}, {"phase", ATH_VIEW_PHASE},
    {"energy", ATH_VIEW_ENERGY}, {"real", ATH_VIEW_REAL}, {"imag", ATH_VIEW_IMAG},
    {"holographic", ATH_VIEW_HOLOGRAPHIC}, {"active", ATH_VIEW_ACTIVE},
};

// Asked between steps, without the GIL: looks for Ctrl-C ten times a second, so that short steps stay cheap.
struct Interruption {
  using Clock = std::chrono::steady_clock;
  Clock::time_point last = Clock::now();
  bool pending = false;

  static bool asked(void* context) {
    auto& self = *static_cast<Interruption*>(context);
    const auto now = Clock::now();
    if (now - self.last < std::chrono::milliseconds(100)) return false;
    self.last = now;
    py::gil_scoped_acquire gil;
    self.pending = PyErr_CheckSignals() != 0;
    return self.pending;
  }
};

}  // namespace

ath_view view_of_name(const std::string& name) {
  std::string known;
  for (const auto& [text, kind] : kViews) {
    if (name == text) return kind;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  raise_usage("view '" + name + "' is none of " + known);
}

void Universe::Destroy::operator()(ath_engine* engine) const { ath_engine_destroy(engine); }

Universe::Universe(const std::string& law_file, const ath_engine_config& config, const std::string& backend, uint32_t threads)
    : pool_(make_pool(threads)) {
  ath_program* program = nullptr;
  check(ath_program_load(law_file.data(), law_file.size(), &program));
  const std::unique_ptr<ath_program, void (*)(ath_program*)> owned(program, ath_program_release);
  ath_device* devices[] = {device(backend)};
  ath_law law = {};
  check(ath_law_from_program(program, devices, 1, &law));
  create(law, config, devices[0]);
}

Universe::Universe(std::shared_ptr<CallableLaw> law, const ath_engine_config& config, const std::string& backend, uint32_t threads)
    : pool_(make_pool(threads)), callable_(std::move(law)) {
  ath_device* opened = device(backend);  // may throw, so before the provider, which only an engine frees
  create(provider_of(callable_), config, opened);
}

void Universe::create(const ath_law& law, const ath_engine_config& config, ath_device* device) {
  ath_device* devices[] = {device};
  ath_engine* made = nullptr;
  law_ = law;
  check(ath_engine_create(&law, &config, devices, 1, pool_.get(), &made));
  engine_.reset(made);
  d_ = law_info().channels / 2;
}

ath_engine* Universe::engine() const {
  if (busy_) {
    Outcome{ATH_FAILED_PRECONDITION, "a step is running (this call comes from its law or from another thread); wait for its end"}.raise_if_failed();
  }
  return engine_.get();
}

uint64_t Universe::step_number() const {
  return ath_engine_step_number(busy_ && stepping_ == std::this_thread::get_id() ? engine_.get() : engine());
}

// Two own it where no wrapper in Python does: this universe and the provider. Visited for each owner it would be counted twice.
PyObject* Universe::owned_callable() const { return callable_ != nullptr && callable_.use_count() == 2 ? callable_->forward.ptr() : nullptr; }

void Universe::drop_callable() {
  if (owned_callable() != nullptr) const py::object gone = std::exchange(callable_->forward, py::none());
}

void Universe::set_threads(uint32_t threads) {
  Pool pool = make_pool(threads);
  check(ath_engine_set_pool(engine(), pool.get()));
  pool_ = std::move(pool);
}

ath_law_info Universe::law_info() const {
  ath_law_info info = {};
  info.struct_bytes = sizeof(info);
  check(law_.describe(law_.self, &info));
  return info;
}

void Universe::write(const py::object& coords, const py::object& states) {
  const Coords where = as_coords(coords);
  const States what = as_states(states, where.shape(0), d_);
  check(ath_engine_write(engine(), where.data(), floats(what), static_cast<size_t>(where.shape(0))));
}

States Universe::read(const py::object& coords) const {
  const Coords where = as_coords(coords);
  States out({where.shape(0), d_});
  check(ath_engine_read(engine(), where.data(), static_cast<size_t>(where.shape(0)), floats(out)));
  return out;
}

void Universe::activate(const py::object& coords) {
  const Coords where = as_coords(coords);
  check(ath_engine_activate(engine(), where.data(), static_cast<size_t>(where.shape(0))));
}

void Universe::deactivate(const py::object& coords) {
  const Coords where = as_coords(coords);
  check(ath_engine_deactivate(engine(), where.data(), static_cast<size_t>(where.shape(0))));
}

// Making an array may collect garbage, and a finaliser may change this universe: the arrays are made again until they fit.
py::tuple Universe::export_cells() const {
  for (;;) {
    const size_t count = active_count();
    Coords coords({static_cast<py::ssize_t>(count), py::ssize_t{3}});
    States states({static_cast<py::ssize_t>(count), d_});
    if (active_count() != count) continue;
    check(ath_engine_export(engine(), coords.mutable_data(), floats(states)));
    return py::make_tuple(coords, states);
  }
}

Coords Universe::active_coords() const {
  for (;;) {
    const size_t count = active_count();
    Coords coords({static_cast<py::ssize_t>(count), py::ssize_t{3}});
    if (active_count() != count) continue;
    check(ath_engine_export(engine(), coords.mutable_data(), nullptr));
    return coords;
  }
}

ath_step_report Universe::step(uint64_t steps) {
  ath_step_report report = {};
  report.struct_bytes = sizeof(report);
  Interruption interruption;
  Outcome outcome;
  ath_engine* const engine = this->engine();
  busy_ = true;
  stepping_ = std::this_thread::get_id();
  {
    py::gil_scoped_release release;
    outcome = Outcome::of(ath_engine_step(engine, steps, steps > 1 ? Interruption::asked : nullptr, &interruption, &report));
  }
  busy_ = false;
  if (interruption.pending) throw py::error_already_set();
  // Only for a step that failed: another engine may have the same law.
  if (outcome.status != ATH_OK && callable_ != nullptr && callable_->raised != nullptr) {
    const auto raised = std::move(callable_->raised);
    throw py::error_already_set(*raised);
  }
  // The one precondition of a step: that the law's numbers are a state.
  if (outcome.status == ATH_FAILED_PRECONDITION) raise_law_failed(outcome.message);
  outcome.raise_if_failed();
  return report;
}

py::array Universe::view(ath_view kind, const ath_region& region) const {
  const py::ssize_t height = region.y1 - region.y0, width = region.x1 - region.x0;
  if (height <= 0 || width <= 0) {
    raise_usage("region x " + std::to_string(region.x0) + ".." + std::to_string(region.x1) + ", y " + std::to_string(region.y0) + ".." +
                std::to_string(region.y1) + " is empty; it is half open");
  }
  if (height > (py::ssize_t{1} << 31) / width) raise_usage("region of " + std::to_string(width) + " x " + std::to_string(height) + " is too large");
  if (kind == ATH_VIEW_STATE) {
    States out({height, width, d_});
    check(ath_engine_view(engine(), kind, &region, floats(out)));
    return out;
  }
  Floats out = kind == ATH_VIEW_HOLOGRAPHIC ? Floats({height, width, py::ssize_t{3}}) : Floats({height, width});
  check(ath_engine_view(engine(), kind, &region, out.mutable_data()));
  return out;
}

}  // namespace atheria::bindings
