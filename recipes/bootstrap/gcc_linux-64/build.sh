# Writes the wrappers of the C compiler and its activation scripts.
set -eu
mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
for name in gcc cc; do
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$COMPILER" > "$PREFIX/bin/$CHOST-$name"
done
printf '#!/bin/sh\nexec "%s" -E "$@"\n' "$COMPILER" > "$PREFIX/bin/$CHOST-cpp"
chmod 755 "$PREFIX/bin/$CHOST-gcc" "$PREFIX/bin/$CHOST-cc" "$PREFIX/bin/$CHOST-cpp"
for verb in activate deactivate; do
  sed "s|@CHOST@|$CHOST|g" "$RECIPE_DIR/$verb.sh" > "$PREFIX/etc/conda/$verb.d/$verb-gcc_linux-64.sh"
done
