# Compiles and installs the runtime core with the backend of its accelerator; the outputs pick their files from the prefix.
include(${CMAKE_CURRENT_LIST_DIR}/scripts/install.cmake)

string(REGEX REPLACE "[0-9]+$" "" backend "$ENV{ACCEL}")
foreach(optional openblas cuda rocm metal)
  string(TOUPPER ${optional} upper)
  if(backend STREQUAL optional)
    list(APPEND backends -DATHERIA_BACKEND_${upper}=ON)
  else()
    list(APPEND backends -DATHERIA_BACKEND_${upper}=OFF)
  endif()
endforeach()
string(REPLACE ";" "\\;" cuda_architectures "$ENV{CUDA_ARCHITECTURES}")
string(REPLACE ";" "\\;" hip_targets "$ENV{HIP_TARGETS}")
if(backend STREQUAL "cuda")
  list(APPEND backends "-DATHERIA_CUDA_ARCHITECTURES=${cuda_architectures}")
elseif(backend STREQUAL "rocm")
  list(APPEND backends "-DATHERIA_HIP_TARGETS=${hip_targets}")
endif()

install_project(native OPTIONS
  -DATHERIA_RUNTIME=ON
  -DATHERIA_ENGINE=OFF
  ${backends}
  -DATHERIA_ACCEL=$ENV{ACCEL}
  -DATHERIA_COMMIT=$ENV{COMMIT}
  -DATHERIA_CONDA_PLATFORM=$ENV{target_platform})
