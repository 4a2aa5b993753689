#!/usr/bin/env bash
# Compiles and installs the runtime core; the outputs pick their files from the prefix.
set -euo pipefail

if [[ -n "${BUILD_EPOCH:-}" ]]; then
  export SOURCE_DATE_EPOCH="$BUILD_EPOCH"
fi
openblas=OFF
if [[ "$ACCEL" == openblas ]]; then
  openblas=ON
fi
# CMAKE_ARGS comes from the compiler's activation (install prefix, find root, cross settings).
# shellcheck disable=SC2086
cmake -S native -B build -G Ninja ${CMAKE_ARGS:-} \
  -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_INSTALL_PREFIX="$PREFIX" \
  -DCMAKE_PREFIX_PATH="$PREFIX" \
  -DCMAKE_INSTALL_LIBDIR=lib \
  -DATHERIA_RUNTIME=ON \
  -DATHERIA_ENGINE=OFF \
  -DATHERIA_BACKEND_OPENBLAS="$openblas" \
  -DATHERIA_ACCEL="$ACCEL" \
  -DATHERIA_COMMIT="${COMMIT:-}" \
  -DATHERIA_CONDA_PLATFORM="$target_platform"
cmake --build build --parallel "${CPU_COUNT:-1}"
cmake --install build
