#!/bin/sh
# Runs a program of Windows by Wine, in a Wine folder of its own. Folders named in WINEPATH, where it looks for libraries, may be
# written as here or as on Windows. With --available this only tells whether Wine is here.
wine=
for candidate in wine64 /usr/lib/wine/wine64 wine wine-stable; do  # Debian's package wine64 alone puts none on PATH
  if wine=$(command -v "$candidate"); then
    break
  fi
  wine=
done
if [ "${1:-}" = "--available" ]; then
  test -n "$wine"
  exit
fi
if [ -z "$wine" ]; then
  echo "programs of Windows do not run here: no wine64; install it (on Debian: wine64)" >&2
  exit 127
fi
WINEPREFIX="${WINEPREFIX:-${TMPDIR:-/tmp}/wine-$(id -u)}"
# No windows, no debugger, no downloads of Gecko and Mono, no words about itself.
WINEDLLOVERRIDES="${WINEDLLOVERRIDES:-mscoree,mshtml,winemenubuilder.exe=}"
WINEDEBUG="${WINEDEBUG:--all}"
WINEPATH=$(printf %s "${WINEPATH:-}" | tr ';' '\n' | sed -e 's|^/.*|Z:&|' -e 's|/|\\|g' | tr '\n' ';')
export WINEPREFIX WINEDLLOVERRIDES WINEDEBUG WINEPATH
unset DISPLAY WAYLAND_DISPLAY
exec "$wine" "$@"
