# install_project(SOURCE OPTIONS -D...): configures, compiles and installs a CMake project into the prefix of the running build.
cmake_minimum_required(VERSION 3.25)

# conda keeps everything but Python in Library on Windows.
file(TO_CMAKE_PATH "$ENV{PREFIX}" conda_prefix)
set(install_prefix "${conda_prefix}")
if("$ENV{target_platform}" MATCHES "^win-")
  string(APPEND install_prefix "/Library")
endif()

# The date of the newest source, from the driver; the clock's date would differ from build to build.
if(NOT "$ENV{BUILD_EPOCH}" STREQUAL "")
  set(ENV{SOURCE_DATE_EPOCH} "$ENV{BUILD_EPOCH}")
endif()

# A build id is a digest of the library as first linked, with the build's folder in its search path. That path is replaced when the
# library is packaged, the id is not: it would be all that two builds of the same sources differ in.
if("$ENV{target_platform}" MATCHES "^linux-")
  set(ENV{LDFLAGS} "$ENV{LDFLAGS} -Wl,--build-id=none")
endif()

# Arguments may hold lists (search paths, architectures): PARSE_ARGV keeps their semicolons, ARGN would split them.
function(install_project source)
  cmake_parse_arguments(PARSE_ARGV 1 given "" "" "OPTIONS")
  separate_arguments(platform_options NATIVE_COMMAND "$ENV{CMAKE_ARGS}") # from the compilers' activation: search paths, cross settings
  set(jobs "$ENV{CPU_COUNT}")
  if(jobs STREQUAL "")
    set(jobs 1)
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${source} -B build -G Ninja ${platform_options}
    -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_INSTALL_PREFIX=${install_prefix}
    "-DCMAKE_PREFIX_PATH=${install_prefix}\;${conda_prefix}"
    -DCMAKE_INSTALL_LIBDIR=lib
    ${given_OPTIONS} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build build --parallel ${jobs} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --install build COMMAND_ERROR_IS_FATAL ANY)
endfunction()
