# Compiler flags of all our targets, as the interface target `atheria_flags`.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

# What changes results or bytes; recorded in the build information. Contraction is off so that a product and a sum round as written, the same at
# every CPU level; macro prefixes are mapped so that no machine's path gets into the binary.
set(ATHERIA_CODE_FLAGS -ffp-contract=off -fno-math-errno -ffunction-sections -fdata-sections)

if(MSVC)
  message(FATAL_ERROR "this compiler takes the options of MSVC; the sources need a Clang or GCC with GNU options, also on Windows (target x86_64-windows-gnu)")
endif()

if(APPLE AND CMAKE_CROSSCOMPILING)
  # Rewriting a finished file would need Apple's tools, and would break the signature that the linker gave it.
  set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
endif()

if(WIN32)
  # Names as Windows has them: atheria_runtime.dll with atheria_runtime.lib, atheria_backend_cuda.dll.
  set(CMAKE_SHARED_LIBRARY_PREFIX "")
  set(CMAKE_SHARED_MODULE_PREFIX "")
  set(CMAKE_IMPORT_LIBRARY_PREFIX "")
  set(CMAKE_IMPORT_LIBRARY_SUFFIX .lib)
  # Programs find libraries in their own folder and nowhere else.
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endif()

add_library(atheria_flags INTERFACE)
target_compile_options(atheria_flags INTERFACE
  -Wall -Wextra -Werror -Wno-missing-field-initializers ${ATHERIA_CODE_FLAGS}
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=native -ffile-prefix-map=${PROJECT_BINARY_DIR}=build)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees an overlap in std::string concatenation that is not there (GCC bug 105329).
  target_compile_options(atheria_flags INTERFACE -Wno-restrict)
endif()
if(APPLE)
  target_link_options(atheria_flags INTERFACE LINKER:-dead_strip)
elseif(WIN32)
  target_link_options(atheria_flags INTERFACE LINKER:--gc-sections)
else()
  target_link_options(atheria_flags INTERFACE LINKER:--no-undefined LINKER:--gc-sections LINKER:--as-needed LINKER:-z,noexecstack LINKER:-z,relro)
endif()

if(ATHERIA_SANITIZE)
  # Everything in the process must agree, so these are for all targets; the sanitizers' runtime is undefined in a shared library.
  add_compile_options(-fsanitize=${ATHERIA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${ATHERIA_SANITIZE})
  set_property(TARGET atheria_flags PROPERTY INTERFACE_LINK_OPTIONS "")
endif()
