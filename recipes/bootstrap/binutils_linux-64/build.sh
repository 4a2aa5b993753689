# Writes a wrapper per program, and the scripts that name them in the environment.
set -eu
mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
activate=$PREFIX/etc/conda/activate.d/activate-binutils_linux-64.sh
deactivate=$PREFIX/etc/conda/deactivate.d/deactivate-binutils_linux-64.sh
for pair in $PROGRAMS; do
  name=${pair%%=*}
  program=${pair#*=}
  variable=$(printf %s "$name" | tr 'a-z' 'A-Z')
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$program" > "$PREFIX/bin/$CHOST-$name"
  chmod 755 "$PREFIX/bin/$CHOST-$name"
  printf 'export %s="${CONDA_PREFIX}/bin/%s-%s"\n' "$variable" "$CHOST" "$name" >> "$activate"
  printf 'unset %s\n' "$variable" >> "$deactivate"
done
