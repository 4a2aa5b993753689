#!/usr/bin/env bash
# Writes the build string and number, which exist only now that the package has its hash, into the facts of the staging build.
set -euo pipefail

facts="$PREFIX/share/atheria/$PKG_NAME"
sed -i.orig \
  -e "s/\"build_string\": null/\"build_string\": \"$PKG_BUILD_STRING\"/" \
  -e "s/\"build_number\": null/\"build_number\": $PKG_BUILDNUM/" \
  "$facts/capabilities.json"
sed -i.orig -e "s/^build string .*/build string  $PKG_BUILD_STRING/" -e "s/^build number .*/build number  $PKG_BUILDNUM/" "$facts/BUILD_INFO.txt"
rm "$facts"/*.orig
grep -qF "\"$PKG_BUILD_STRING\"" "$facts/capabilities.json"
grep -qx "build number  $PKG_BUILDNUM" "$facts/BUILD_INFO.txt"
