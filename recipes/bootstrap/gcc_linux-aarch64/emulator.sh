#!/bin/sh
# Runs a program of linux-aarch64 by QEMU with that platform's C library as Debian and Fedora install it. With --available it only
# tells whether that can be done.
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static)
for root in "${QEMU_LD_PREFIX:-}" /usr/aarch64-linux-gnu /usr/aarch64-redhat-linux/sys-root/fc*; do
  if [ -n "$root" ] && [ -e "$root/lib/ld-linux-aarch64.so.1" ]; then
    break
  fi
  root=
done
if [ "${1:-}" = "--available" ]; then
  test -n "$qemu" && test -n "$root"
  exit
fi
if [ -z "$qemu" ] || [ -z "$root" ]; then
  echo "programs of linux-aarch64 do not run here: ${qemu:-no qemu-aarch64}, ${root:-no C library of that platform};" \
    "install them (on Debian: qemu-user libc6-arm64-cross)" >&2
  exit 127
fi
exec "$qemu" -L "$root" "$@"
