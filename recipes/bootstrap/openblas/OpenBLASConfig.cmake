# Tells find_package(OpenBLAS) where this prefix keeps the library and its headers.
set(OpenBLAS_VERSION "@VERSION@")
get_filename_component(_OpenBLAS_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(OpenBLAS_INCLUDE_DIRS "${_OpenBLAS_prefix}/include")
set(OpenBLAS_LIBRARIES "${_OpenBLAS_prefix}/lib/libopenblas.so")
if(NOT TARGET OpenBLAS::OpenBLAS)
  add_library(OpenBLAS::OpenBLAS SHARED IMPORTED)
  set_target_properties(OpenBLAS::OpenBLAS PROPERTIES
    IMPORTED_LOCATION "${OpenBLAS_LIBRARIES}"
    IMPORTED_SONAME "libopenblas.so.0"
    INTERFACE_INCLUDE_DIRECTORIES "${OpenBLAS_INCLUDE_DIRS}")
endif()
unset(_OpenBLAS_prefix)
