#!/usr/bin/env bash
# Compiles the extension module against the installed engine and lays the Python package beside it.
set -euo pipefail

if [[ -n "${BUILD_EPOCH:-}" ]]; then
  export SOURCE_DATE_EPOCH="$BUILD_EPOCH"
fi
# shellcheck disable=SC2086
cmake -S python/bindings -B build -G Ninja ${CMAKE_ARGS:-} \
  -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_INSTALL_PREFIX="$PREFIX" \
  -DCMAKE_PREFIX_PATH="$PREFIX" \
  -DPython_EXECUTABLE="$PYTHON" \
  -DATHERIA_PYTHON_DIR="${SP_DIR#"$PREFIX"/}"
cmake --build build --parallel "${CPU_COUNT:-1}"
cmake --install build
cp -R python/atheria "$SP_DIR/atheria"
find "$SP_DIR/atheria" -name '*.md' -delete  # notes for people who edit the sources
"$PYTHON" "$RECIPE_DIR/write_metadata.py" build
