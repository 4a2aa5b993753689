# Writes the wrappers of the C compiler and its tools, and the activation scripts.
set -eu
chost=arm64-apple-darwin20.0.0
mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
wrapper() { # name, zig's arguments
  printf '#!/bin/sh\nexec "${0%%/*}/../libexec/zig/run" %s "$@"\n' "$2" > "$PREFIX/bin/$chost-$1"
  chmod 755 "$PREFIX/bin/$chost-$1"
}
# Without symbols of zig's own libraries, which name folders of this build, and without the traps zig puts into debug builds.
for name in clang cc; do wrapper $name "cc -target aarch64-macos.\${MACOSX_DEPLOYMENT_TARGET:-11.0} -s -fno-sanitize=undefined"; done
wrapper cpp "cc -target aarch64-macos.\${MACOSX_DEPLOYMENT_TARGET:-11.0} -E"
for name in ar ranlib; do wrapper $name $name; done
for verb in activate deactivate; do
  cp "$RECIPE_DIR/$verb.sh" "$PREFIX/etc/conda/$verb.d/$verb-clang_osx-arm64.sh"
done
