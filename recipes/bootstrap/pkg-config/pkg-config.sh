#!/bin/sh
# Runs pkgconf so that .pc files of the prefix this script lives in are found after those of PKG_CONFIG_PATH.
prefix=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
PKG_CONFIG_LIBDIR="${PKG_CONFIG_LIBDIR:-$prefix/lib/pkgconfig:$prefix/share/pkgconfig}"
export PKG_CONFIG_LIBDIR
exec "$prefix/libexec/pkg-config/pkgconf" "$@"
