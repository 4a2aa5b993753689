# Compiles the programs of the folder consumer/ by find_package and by pkg-config, and runs them with the words of CONSUMER_WORDS:
#   cmake -DPACKAGES="atheria-runtime" -DCONSUMER_WORDS=... -P test_consumer.cmake
# What is compiled for another platform runs under CROSSCOMPILING_EMULATOR where the compiler's activation found one; else this
# says that it was compiled only.
cmake_minimum_required(VERSION 3.25)

file(TO_CMAKE_PATH "$ENV{PREFIX}" conda_prefix)
set(prefix "${conda_prefix}")
set(suffix "")
if(IS_DIRECTORY "${conda_prefix}/Library/include/atheria")
  string(APPEND prefix "/Library")
  set(suffix ".exe")
endif()
set(words ${CONSUMER_WORDS})
list(TRANSFORM words REPLACE "@PREFIX@" "${prefix}")
separate_arguments(emulator NATIVE_COMMAND "$ENV{CROSSCOMPILING_EMULATOR}")

function(run_program program)
  if("$ENV{CMAKE_ARGS}" MATCHES "CMAKE_SYSTEM_NAME" AND NOT emulator)
    message(STATUS "compiled only, for nothing here runs programs of another platform: ${program}")
    return()
  endif()
  execute_process(COMMAND ${emulator} ${program}${suffix} ${words} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# A program of a stranger finds the libraries where it was told to; on Windows it finds them on PATH only.
if(CMAKE_HOST_WIN32)
  set(ENV{PATH} "${prefix}/bin;$ENV{PATH}")
endif()
set(ENV{WINEPATH} "${prefix}/bin")

separate_arguments(platform_options NATIVE_COMMAND "$ENV{CMAKE_ARGS}")
execute_process(COMMAND ${CMAKE_COMMAND} -S consumer -B by-cmake -G Ninja ${platform_options} -DCMAKE_BUILD_TYPE=Release
  "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_BUILD_RPATH=${prefix}/lib" COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build by-cmake COMMAND_ERROR_IS_FATAL ANY)
foreach(language c cpp)
  run_program(by-cmake/consumer_${language})
endforeach()

if(suffix)
  return() # compilers of Windows take no flags of pkg-config
endif()
set(ENV{PKG_CONFIG_PATH} "${prefix}/lib/pkgconfig")
set(ENV{PKG_CONFIG_LIBDIR} "${prefix}/lib/pkgconfig")
separate_arguments(packages NATIVE_COMMAND "${PACKAGES}")
execute_process(COMMAND pkg-config --cflags --libs ${packages} OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
if(status)
  message(FATAL_ERROR "pkg-config does not find ${packages} in ${prefix}/lib/pkgconfig")
endif()
separate_arguments(flags UNIX_COMMAND "${flags}")
foreach(case "c|CC|-std=c11" "cpp|CXX|-std=c++20")
  string(REPLACE "|" ";" case "${case}")
  list(GET case 0 language)
  list(GET case 1 variable)
  list(GET case 2 standard)
  separate_arguments(compiler NATIVE_COMMAND "$ENV{${variable}}")
  execute_process(COMMAND ${compiler} ${standard} -Wall -Werror consumer/consumer.${language} ${flags} -Wl,-rpath,${prefix}/lib
    -o by-pkg-config-${language} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  run_program(./by-pkg-config-${language})
endforeach()
