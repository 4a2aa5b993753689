# Compiles the extension module against the installed engine and lays the Python package beside it.
include(${CMAKE_CURRENT_LIST_DIR}/scripts/install.cmake)

# The extension goes where Python looks, which on Windows is not below Library.
file(TO_CMAKE_PATH "$ENV{SP_DIR}" site_packages)
file(TO_CMAKE_PATH "$ENV{PYTHON}" python)
file(RELATIVE_PATH python_dir "${install_prefix}" "${site_packages}")
install_project(python/bindings OPTIONS "-DPython_EXECUTABLE=${python}" "-DATHERIA_PYTHON_DIR=${python_dir}")

file(COPY python/atheria DESTINATION "${site_packages}" PATTERN "*.md" EXCLUDE) # notes are for people who edit the sources
execute_process(COMMAND "${python}" write_metadata.py build COMMAND_ERROR_IS_FATAL ANY)
