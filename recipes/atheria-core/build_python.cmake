# Compiles the extension module against the installed engine and lays the Python package beside it.
include(${CMAKE_CURRENT_LIST_DIR}/scripts/install.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/scripts/loader_needs.cmake)

# The extension goes where Python looks, which on Windows is not below Library.
file(TO_CMAKE_PATH "$ENV{SP_DIR}" site_packages)
file(TO_CMAKE_PATH "$ENV{PYTHON}" python)
file(RELATIVE_PATH python_dir "${install_prefix}" "${site_packages}")
install_project(python/bindings OPTIONS "-DPython_EXECUTABLE=${python}" "-DATHERIA_PYTHON_DIR=${python_dir}")

file(COPY python/atheria DESTINATION "${site_packages}" PATTERN "*.md" EXCLUDE) # notes are for people who edit the sources
# Valid as long as the source says the same. rattler-build's own would be valid as long as the source has the time it had in a
# folder of chance, which it names: such files differ from build to build, and none was ever valid where it was installed.
# Set here and not by `cmake -E env`, which takes a path with a `=` in it, as the driver's folders have, for a variable.
set(ENV{PYTHONHASHSEED} 0)
execute_process(COMMAND
  "${python}" -m compileall -q --invalidation-mode checked-hash -s "${site_packages}" "${site_packages}/atheria" COMMAND_ERROR_IS_FATAL ANY)
file(GLOB module "${site_packages}/atheria_core.*.so")
loader_needs(libraries glibc ${module})
execute_process(COMMAND "${python}" write_metadata.py build "${libraries}" "${glibc}" COMMAND_ERROR_IS_FATAL ANY)
