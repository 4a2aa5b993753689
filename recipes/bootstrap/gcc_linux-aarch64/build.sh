# Writes the wrappers of the C compiler and its tools, the emulator's wrapper, and the activation scripts.
set -eu
chost=aarch64-conda-linux-gnu
mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
wrapper() { # name, zig's arguments
  printf '#!/bin/sh\nexec "${0%%/*}/../libexec/zig/run" %s "$@"\n' "$2" > "$PREFIX/bin/$chost-$1"
  chmod 755 "$PREFIX/bin/$chost-$1"
}
# Without symbols of zig's own libraries, which name folders of this build, and without the traps zig puts into debug builds.
for name in gcc cc; do wrapper $name "cc -target aarch64-linux-gnu.2.28 -s -fno-sanitize=undefined"; done
wrapper cpp "cc -target aarch64-linux-gnu.2.28 -E"
for name in ar ranlib; do wrapper $name $name; done
wrapper ld ld.lld
install -m 755 "$RECIPE_DIR/emulator.sh" "$PREFIX/bin/$chost-emulator"
for verb in activate deactivate; do
  cp "$RECIPE_DIR/$verb.sh" "$PREFIX/etc/conda/$verb.d/$verb-gcc_linux-aarch64.sh"
done
