# Writes the wrappers of the C++ compiler and its activation scripts.
set -eu
chost=aarch64-conda-linux-gnu
mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
for name in g++ c++; do
  printf '#!/bin/sh\nexec "${0%%/*}/../libexec/zig/run" c++ -target aarch64-linux-gnu.2.28 -s -fno-sanitize=undefined "$@"\n' > "$PREFIX/bin/$chost-$name"
  chmod 755 "$PREFIX/bin/$chost-$name"
done
for verb in activate deactivate; do
  cp "$RECIPE_DIR/$verb.sh" "$PREFIX/etc/conda/$verb.d/$verb-gxx_linux-aarch64.sh"
done
