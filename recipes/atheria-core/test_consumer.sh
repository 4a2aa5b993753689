#!/usr/bin/env bash
# Compiles and runs the consumers of the folder consumer/ both ways a build system finds libraries.
set -euo pipefail

# shellcheck disable=SC2086
cmake -S consumer -B by-cmake -G Ninja ${CMAKE_ARGS:-} -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$PREFIX" \
  -DCMAKE_BUILD_RPATH="$PREFIX/lib"
cmake --build by-cmake
./by-cmake/consumer_c
./by-cmake/consumer_cpp

# The facts name CPU levels; the machine code must have them.
machine_code=$(${OBJDUMP:-objdump} -d "$PREFIX/lib/libatheria_engine.so")
for level in avx2:%ymm avx512:%zmm; do
  if grep -q "\"${level%%:*}\"" "$PREFIX/share/atheria/libatheria-engine/capabilities.json"; then
    grep -qF "${level##*:}" <<<"$machine_code" || { echo "capabilities.json names ${level%%:*}, but no instruction uses ${level##*:}"; exit 1; }
  fi
done

export PKG_CONFIG_PATH="$PREFIX/lib/pkgconfig"
libraries=$(pkg-config --cflags --libs atheria-engine atheria-runtime)
# shellcheck disable=SC2086
${CC:-cc} -std=c11 -Wall -Werror consumer/consumer.c $libraries -Wl,-rpath,"$PREFIX/lib" -o by-pkg-config-c
# shellcheck disable=SC2086
${CXX:-c++} -std=c++20 -Wall -Werror consumer/consumer.cpp $libraries -Wl,-rpath,"$PREFIX/lib" -o by-pkg-config-cpp
./by-pkg-config-c
./by-pkg-config-cpp
