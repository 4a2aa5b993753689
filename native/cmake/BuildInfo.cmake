# Facts about this build, gathered at configure time: JSON for ath_build_info(), capabilities.json and BUILD_INFO.txt of each package.
#
# Nothing here may depend on where the build runs: no paths, no host name, no clock (the date is SOURCE_DATE_EPOCH's, or null).
# A recipe adds what only it knows: -DATHERIA_CONDA_BUILD_STRING, -DATHERIA_CONDA_BUILD_NUMBER, -DATHERIA_CONDA_PLATFORM.
set(ATHERIA_CONDA_BUILD_STRING "" CACHE STRING "Build string of the conda package, for capabilities.json")
set(ATHERIA_CONDA_BUILD_NUMBER "" CACHE STRING "Build number of the conda package, for capabilities.json")
set(ATHERIA_CONDA_PLATFORM "" CACHE STRING "Platform as conda names it (linux-64); empty: derived from the target")

if(NOT ATHERIA_ACCEL MATCHES "^[a-z0-9]+$")
  message(FATAL_ERROR "ATHERIA_ACCEL is \"${ATHERIA_ACCEL}\"; it must be a word of small letters and digits: cpu, openblas")
endif()

set(ATHERIA_DATE "")
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  string(TIMESTAMP ATHERIA_DATE "%Y-%m-%dT%H:%M:%SZ" UTC) # reads SOURCE_DATE_EPOCH
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(ATHERIA_ARCHITECTURE x86_64)
  set(ATHERIA_CPU_LEVELS baseline avx2 avx512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  set(ATHERIA_ARCHITECTURE aarch64)
  set(ATHERIA_CPU_LEVELS neon)
else()
  set(ATHERIA_ARCHITECTURE ${CMAKE_SYSTEM_PROCESSOR})
  set(ATHERIA_CPU_LEVELS baseline)
endif()

if(ATHERIA_CONDA_PLATFORM)
  set(ATHERIA_PLATFORM ${ATHERIA_CONDA_PLATFORM})
elseif(APPLE)
  if(ATHERIA_ARCHITECTURE STREQUAL x86_64)
    set(ATHERIA_PLATFORM osx-64)
  else()
    set(ATHERIA_PLATFORM osx-arm64)
  endif()
elseif(WIN32)
  if(ATHERIA_ARCHITECTURE STREQUAL x86_64)
    set(ATHERIA_PLATFORM win-64)
  else()
    set(ATHERIA_PLATFORM win-arm64)
  endif()
elseif(ATHERIA_ARCHITECTURE STREQUAL x86_64)
  set(ATHERIA_PLATFORM linux-64)
else()
  set(ATHERIA_PLATFORM linux-${ATHERIA_ARCHITECTURE})
endif()

set(ATHERIA_BACKENDS reference cpu)
if(ATHERIA_BACKEND_OPENBLAS)
  list(APPEND ATHERIA_BACKENDS openblas)
endif()
foreach(gpu CUDA ROCM METAL)
  if(ATHERIA_BACKEND_${gpu})
    string(TOLOWER ${gpu} name)
    list(APPEND ATHERIA_BACKENDS ${name})
  endif()
endforeach()

# "a", "b" of a CMake list, and null or "text" of a text that may be empty.
function(atheria_json_list out)
  set(text "")
  foreach(item IN LISTS ARGN)
    string(APPEND text ", \"${item}\"")
  endforeach()
  string(REGEX REPLACE "^, " "" text "${text}")
  set(${out} "[${text}]" PARENT_SCOPE)
endfunction()

function(atheria_json_text out value)
  if(value STREQUAL "")
    set(${out} null PARENT_SCOPE)
  else()
    string(REPLACE "\\" "\\\\" value "${value}")
    string(REPLACE "\"" "\\\"" value "${value}")
    set(${out} "\"${value}\"" PARENT_SCOPE)
  endif()
endfunction()

# What each GPU backend is compiled with and for, as JSON and in words; null where it is not of this build.
set(ATHERIA_CUDA_JSON null)
set(ATHERIA_HIP_JSON null)
set(ATHERIA_METAL_JSON null)
if(ATHERIA_BACKEND_CUDA)
  include(Cuda)
endif()
if(ATHERIA_BACKEND_ROCM)
  include(Hip)
endif()
if(ATHERIA_BACKEND_METAL)
  if(WIN32)
    message(FATAL_ERROR "ATHERIA_BACKEND_METAL=ON, but Windows has no Metal; turn the option off")
  endif()
  set(ATHERIA_METAL_JSON "{\"language\": \"3.0\", \"minimum_macos\": \"13.0\"}")
  set(ATHERIA_METAL_TEXT "Metal Shading Language 3.0, macOS 13.0 or newer")
endif()

# The facts as JSON members (no braces), two spaces deep, in `out`; the flags as a list in `out`_flags.
function(atheria_build_facts out)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}")
  # Flags that carry paths (-fdebug-prefix-map of conda's compilers, -I, -isystem) say where, not what.
  set(kept "")
  set(drop_next OFF)
  foreach(flag IN LISTS flags)
    if(drop_next)
      set(drop_next OFF)
    elseif(flag MATCHES "^-(isystem|I|include)$")
      set(drop_next ON)
    elseif(NOT flag MATCHES "/")
      list(APPEND kept "${flag}")
    endif()
  endforeach()
  list(APPEND kept ${ATHERIA_CODE_FLAGS})
  if(ATHERIA_SANITIZE)
    list(APPEND kept -fsanitize=${ATHERIA_SANITIZE})
  endif()
  atheria_json_list(flags_json ${kept})
  atheria_json_list(levels_json ${ATHERIA_CPU_LEVELS})
  atheria_json_text(commit_json "${ATHERIA_COMMIT}")
  atheria_json_text(date_json "${ATHERIA_DATE}")
  set(${out}_flags ${kept} PARENT_SCOPE)
  set(${out} "  \"version\": \"${PROJECT_VERSION}\",
  \"abi\": ${ATHERIA_ABI_VERSION},
  \"accel\": \"${ATHERIA_ACCEL}\",
  \"platform\": \"${ATHERIA_PLATFORM}\",
  \"compiler\": {\"id\": \"${CMAKE_CXX_COMPILER_ID}\", \"version\": \"${CMAKE_CXX_COMPILER_VERSION}\"},
  \"flags\": ${flags_json},
  \"cpu_levels\": ${levels_json},
  \"cuda\": ${ATHERIA_CUDA_JSON},
  \"rocm\": ${ATHERIA_HIP_JSON},
  \"metal\": ${ATHERIA_METAL_JSON},
  \"commit\": ${commit_json},
  \"date\": ${date_json}" PARENT_SCOPE)
endfunction()
