# Compiles and installs the engine against the installed runtime; the outputs pick their files from the prefix.
include(${CMAKE_CURRENT_LIST_DIR}/scripts/install.cmake)

install_project(native OPTIONS
  -DATHERIA_RUNTIME=OFF
  -DATHERIA_ENGINE=ON
  -DATHERIA_ACCEL=$ENV{ACCEL}
  -DATHERIA_COMMIT=$ENV{COMMIT}
  -DATHERIA_CONDA_PLATFORM=$ENV{target_platform})
