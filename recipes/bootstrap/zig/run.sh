#!/bin/sh
# Runs zig for a compiler's wrapper. Its cache is the build's own, which the compiler's activation made; whoever calls the wrapper
# without activation gets one for temporary files, and never one in the home folder.
ZIG_GLOBAL_CACHE_DIR="${ZIG_GLOBAL_CACHE_DIR:-${TMPDIR:-/tmp}/zig-cache-$(id -u)}"
# Windows' linker writes this date into libraries; without one it would write the clock's.
SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}"
export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR="$ZIG_GLOBAL_CACHE_DIR" SOURCE_DATE_EPOCH
# What zig makes of its own sources is found again in a cache only under the same name of their folder, but each environment has
# another: this name is the same for all.
exec 9< "${0%/*}/../../lib/zig"
export ZIG_LIB_DIR=/proc/self/fd/9
# CMake hands options to the linker one by one (-Xlinker --option=value); zig takes those only in the other form (-Wl,).
case " $* " in
  *" -Xlinker "*)
    count=$#
    while [ $count -gt 0 ]; do
      word=$1
      shift
      count=$((count - 1))
      if [ "$word" = "-Xlinker" ]; then
        word="-Wl,$1"
        shift
        count=$((count - 1))
      fi
      set -- "$@" "$word"
    done
    ;;
esac
exec "${0%/*}/../../bin/zig" "$@"
