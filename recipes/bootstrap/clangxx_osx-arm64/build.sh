# Writes the wrappers of the C++ compiler and its activation scripts.
set -eu
chost=arm64-apple-darwin20.0.0
mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
for name in clang++ c++; do
  printf '#!/bin/sh\nexec "${0%%/*}/../libexec/zig/run" c++ -target aarch64-macos.${MACOSX_DEPLOYMENT_TARGET:-11.0} -s -fno-sanitize=undefined "$@"\n' > "$PREFIX/bin/$chost-$name"
  chmod 755 "$PREFIX/bin/$chost-$name"
done
for verb in activate deactivate; do
  cp "$RECIPE_DIR/$verb.sh" "$PREFIX/etc/conda/$verb.d/$verb-clangxx_osx-arm64.sh"
done
