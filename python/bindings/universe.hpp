// An ath_engine with what it needs to live: law, devices, threads. The class behind TileEngine, Engine and DenseEngine.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "arrays.hpp"
#include "atheria/engine.h"
#include "callable_law.hpp"
#include "process.hpp"

namespace atheria::bindings {

class Universe {
 public:
  // `law_file`: the bytes of a law file.
  Universe(const std::string& law_file, const ath_engine_config& config, const std::string& backend, uint32_t threads);
  Universe(std::shared_ptr<CallableLaw> law, const ath_engine_config& config, const std::string& backend, uint32_t threads);

  // Raises StateError while a step runs: it has no GIL, so its law and other threads get here in the middle of it. No Python may run between
  // this call and the use of what it returns.
  ath_engine* engine() const;
  // Also for the law of the step that runs, which may ask which step it is.
  uint64_t step_number() const;
  py::ssize_t d() const { return d_; }
  uint32_t threads() const { return ath_pool_threads(pool_.get()); }
  void set_threads(uint32_t threads);
  ath_law_info law_info() const;

  void write(const py::object& coords, const py::object& states);
  States read(const py::object& coords) const;
  void activate(const py::object& coords);
  void deactivate(const py::object& coords);
  size_t active_count() const { return ath_engine_active_count(engine()); }
  void clear() { ath_engine_clear(engine()); }
  py::tuple export_cells() const;
  Coords active_coords() const;
  // Runs without the GIL; Ctrl-C ends it between steps with KeyboardInterrupt.
  ath_step_report step(uint64_t steps);
  py::array view(ath_view kind, const ath_region& region) const;

  // For the garbage collector: the Python callable, if nobody but this universe owns it; and its end.
  PyObject* owned_callable() const;
  void drop_callable();

 private:
  void create(const ath_law& law, const ath_engine_config& config, ath_device* device);

  struct Destroy {
    void operator()(ath_engine* engine) const;
  };
  Pool pool_;
  std::shared_ptr<CallableLaw> callable_;
  ath_law law_ = {};  // a copy: `self` is the engine's
  py::ssize_t d_ = 0;
  // Under the GIL: whether a step runs, and on which thread.
  bool busy_ = false;
  std::thread::id stepping_;
  std::unique_ptr<ath_engine, Destroy> engine_;
};

// By name: "density", "phase", ... ; raises the Python exception for another.
ath_view view_of_name(const std::string& name);

}  // namespace atheria::bindings
