#!/usr/bin/env bash
# Compiles and installs the engine against the installed runtime; the outputs pick their files from the prefix.
set -euo pipefail

if [[ -n "${BUILD_EPOCH:-}" ]]; then
  export SOURCE_DATE_EPOCH="$BUILD_EPOCH"
fi
# shellcheck disable=SC2086
cmake -S native -B build -G Ninja ${CMAKE_ARGS:-} \
  -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_INSTALL_PREFIX="$PREFIX" \
  -DCMAKE_PREFIX_PATH="$PREFIX" \
  -DCMAKE_INSTALL_LIBDIR=lib \
  -DATHERIA_RUNTIME=OFF \
  -DATHERIA_ENGINE=ON \
  -DATHERIA_ACCEL="$ACCEL" \
  -DATHERIA_COMMIT="${COMMIT:-}" \
  -DATHERIA_CONDA_PLATFORM="$target_platform"
cmake --build build --parallel "${CPU_COUNT:-1}"
cmake --install build
