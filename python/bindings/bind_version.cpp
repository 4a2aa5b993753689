// Version, build information, threads.
#include "atheria/version.h"

#include "process.hpp"
#include "status.hpp"
#include "topics.hpp"

namespace atheria::bindings {

void bind_version(py::module_& module) {
  module.attr("__version__") = ath_version();
  module.attr("VERSION_MAJOR") = ATH_VERSION_MAJOR;
  module.attr("VERSION_MINOR") = ATH_VERSION_MINOR;
  module.attr("VERSION_PATCH") = ATH_VERSION_PATCH;
  module.def("get_version", [] { return std::string(ath_version()); }, "Version of the loaded native library.");
  module.def("build_info", [] { return std::string(ath_build_info()); }, "Build information of the native library, JSON text.");
  module.def("has_torch_support", [] { return false; }, "False: torch modules come in through atheria.convert or as callables.");
  module.attr("THREADS_MAX") = ATH_POOL_THREADS_MAX;
  module.def(
      "set_num_threads",
      [](int64_t threads) {
        if (threads < 0 || threads > ATH_POOL_THREADS_MAX) {
          raise_usage("threads " + std::to_string(threads) + ", expected 0 (all that are allowed) to " + std::to_string(ATH_POOL_THREADS_MAX));
        }
        set_default_threads(static_cast<uint32_t>(threads));
      },
      py::arg("threads"), "Threads of engines made from now on; 0: what affinity and quota allow. Never changes results.");
  module.def("get_max_threads", [] { return default_threads(); }, "Threads that an engine made now would get.");
}

}  // namespace atheria::bindings
