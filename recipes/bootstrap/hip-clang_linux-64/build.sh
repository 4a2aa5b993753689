# Writes the wrapper of hipcc and the activation scripts.
set -eu
mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
printf '#!/bin/sh\nHIP_PLATFORM=amd exec "%s" "$@"\n' "$HIPCC_HERE" > "$PREFIX/bin/hipcc"
chmod 755 "$PREFIX/bin/hipcc"
for verb in activate deactivate; do
  sed "s|@ROCM@|$ROCM_HERE|g" "$RECIPE_DIR/$verb.sh" > "$PREFIX/etc/conda/$verb.d/~hip-clang_$verb.sh"
done
