# Writes the wrappers of the compilers and their tools, the emulator's wrapper, and the activation scripts.
set -eu
chost=x86_64-w64-mingw32
mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
wrapper() { # name, zig's arguments
  printf '#!/bin/sh\nexec "${0%%/*}/../libexec/zig/run" %s "$@"\n' "$2" > "$PREFIX/bin/$chost-$1"
  chmod 755 "$PREFIX/bin/$chost-$1"
}
# Without symbols of zig's own libraries, which name folders of this build, and without the traps zig puts into debug builds.
for name in clang cc; do wrapper $name "cc -target x86_64-windows-gnu -s -fno-sanitize=undefined"; done
for name in clang++ c++; do wrapper $name "c++ -target x86_64-windows-gnu -s -fno-sanitize=undefined"; done
wrapper cpp "cc -target x86_64-windows-gnu -E"
for name in ar ranlib dlltool rc; do wrapper $name $name; done
install -m 755 "$RECIPE_DIR/emulator.sh" "$PREFIX/bin/$chost-emulator"
for verb in activate deactivate; do
  cp "$RECIPE_DIR/$verb.sh" "$PREFIX/etc/conda/$verb.d/$verb-vs2022_win-64.sh"
done
