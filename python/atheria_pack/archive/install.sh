#!/bin/sh
# Installs Atheria for people without conda: picks the archive that suits this machine, checks it, unpacks it.
#
# POSIX sh with awk, sed, tar, gzip and one of sha256sum, shasum, openssl; curl or wget for addresses. No root. Written into the
# folder of the archives by `./run archive`. Talk goes to stderr, the installed folder to stdout.
#
# What it looks at can be replaced, to try another machine's choice:
#   ATHERIA_PROBE_ROOT   a folder in place of / for /proc, /sys, /usr, /lib, /lib64 (nvidia-smi: its usr/bin only)
#   ATHERIA_PROBE_SYSTEM what `uname -s -m` would say, as "Linux x86_64"
#   ATHERIA_PROBE_GLIBC  the C library's version, as "2.28"; "musl" for that one
#   ATHERIA_PROBE_MACOS  the version of macOS, as "14.5"
set -u
LC_ALL=C
export LC_ALL
unset CDPATH

me="install.sh"
prefix=${ATHERIA_PREFIX:-}
from=${ATHERIA_INSTALL_FROM:-}
accel=
mode=install
name=
dry=no

say() { printf '%s\n' "$*" >&2; }
fail() { # status, text
  status=$1
  shift
  printf '%s: error: %s\n' "$me" "$*" >&2
  exit "$status"
}

usage() {
  cat <<'END'
usage: sh install.sh [--prefix DIR] [--accel NAME] [--from DIR_OR_URL] [--dry-run] [--list]
       sh install.sh [--prefix DIR] --use NAME | --remove NAME

  --prefix DIR   where to install; default: $ATHERIA_PREFIX, else ~/.local/share/atheria
  --accel NAME   this accelerator instead of the best one: cpu, openblas, cuda129, cuda130, metal, rocm
  --from PLACE   folder or address with atheria-archives.json; default: $ATHERIA_INSTALL_FROM, else the folder of this script
  --dry-run      say what would be done, and why; change nothing
  --list         the archives there, which of them suit this machine, and what is installed
  --use NAME     make an installed variant the current one (NAME: cpu, or atheria-cpu-0.1.0-1a2b3c4d)
  --remove NAME  remove an installed variant, all builds of it if NAME is an accelerator

Installed are DIR/atheria-ACCEL-VERSION-DIGEST/, DIR/atheria-ACCEL (a link to the newest of them) and DIR/current (a link to
the one in use). Programs find Atheria with CMAKE_PREFIX_PATH=DIR/current or PKG_CONFIG_PATH=DIR/current/lib/pkgconfig.
Exit status: 0 done; 1 failed; 2 wrong arguments; 3 nothing suits this machine; 4 damaged download; 5 no space; 6 in use.
END
}

# ---------------------------------------------------------------- arguments

value() { # option, count of words left, value
  [ "$2" -ge 2 ] || fail 2 "$1 needs a value; --help tells which"
  [ -n "$3" ] || fail 2 "$1 needs a value that is not empty"
}

set_mode() { # mode, name
  [ "$mode" = install ] || fail 2 "--list, --use and --remove do not go together"
  mode=$1
  name=$2
}

while [ $# -gt 0 ]; do
  case $1 in
    --*=*) # as two words
      word=$1
      shift
      set -- "${word%%=*}" "${word#*=}" "$@" ;;
  esac
  case $1 in
    --prefix) value "$1" $# "${2:-}"; prefix=$2; shift ;;
    --accel) value "$1" $# "${2:-}"; accel=$2; shift ;;
    --from) value "$1" $# "${2:-}"; from=$2; shift ;;
    --use) value "$1" $# "${2:-}"; set_mode use "$2"; shift ;;
    --remove) value "$1" $# "${2:-}"; set_mode remove "$2"; shift ;;
    --list) set_mode list "" ;;
    --dry-run) dry=yes ;;
    -h | --help) usage; exit 0 ;;
    *) fail 2 "no option $1; --help lists them" ;;
  esac
  shift
done
for word in "$accel" "$name"; do
  case $word in
    *[!A-Za-z0-9._-]* | .* | -*) fail 2 "$word is no name of a variant" ;;
  esac
done
if [ -z "$prefix" ]; then
  [ -n "${HOME:-}" ] || fail 2 "HOME is not set, so there is no default place; give one with --prefix DIR"
  prefix=$HOME/.local/share/atheria
fi
case $prefix in
  /*) ;;
  *) prefix=$(pwd)/$prefix ;;
esac

# ---------------------------------------------------------------- the machine

root=${ATHERIA_PROBE_ROOT:-}

at_least() { # have, wanted: dotted numbers
  awk -v have="$1" -v want="$2" 'BEGIN {
    n = split(have, h, "."); m = split(want, w, ".");
    for (i = 1; i <= (n > m ? n : m); i++) { if (h[i] + 0 > w[i] + 0) exit 0; if (h[i] + 0 < w[i] + 0) exit 1 }
    exit 0 }'
}

largest() { # dotted numbers, one a line
  awk 'NF { split($1, p, "."); key = p[1] * 1000000 + p[2] * 1000 + p[3]; if (best == "" || key > high) { high = key; best = $1 } } END { print best }'
}

find_platform() {
  system=${ATHERIA_PROBE_SYSTEM:-$(uname -s) $(uname -m)}
  platform=
  trouble=
  case $system in
    "Linux x86_64" | "Linux amd64") platform=linux-64 ;;
    "Linux aarch64" | "Linux arm64") platform=linux-aarch64 ;;
    "Darwin arm64") platform=osx-arm64 ;;
    "Darwin x86_64")
      # A shell under Rosetta says x86_64 on Apple silicon, too.
      if [ -z "${ATHERIA_PROBE_SYSTEM:-}" ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
        platform=osx-arm64
      else
        trouble="Macs with Intel processors are not supported; there are archives for Apple silicon only"
      fi ;;
    MINGW* | MSYS* | CYGWIN* | Windows*) trouble="this script is not for Windows: unpack the .zip for win-64 with the Explorer, INSTALL.txt in it goes on" ;;
    *) trouble="no archives are made for $system; there are linux-64, linux-aarch64, osx-arm64 (and win-64, as .zip)" ;;
  esac
}

find_system_libraries() {
  glibc=
  libstdcxx=
  macos=
  case $platform in
    linux-*)
      glibc=${ATHERIA_PROBE_GLIBC:-}
      if [ -z "$glibc" ] && [ -z "$root" ]; then
        glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc //p')
      fi
      if [ -z "$glibc" ]; then
        for file in "$root"/lib/ld-musl-* "$root"/lib/libc.musl-*; do
          [ -e "$file" ] && glibc=musl
        done
      fi
      for file in "$root"/usr/lib/x86_64-linux-gnu/libstdc++.so.6 "$root"/usr/lib/aarch64-linux-gnu/libstdc++.so.6 \
        "$root"/usr/lib64/libstdc++.so.6 "$root"/lib64/libstdc++.so.6 "$root"/usr/lib/libstdc++.so.6; do
        if [ -r "$file" ]; then
          libstdcxx=$(tr -c 'A-Z0-9_.' '\n' <"$file" | sed -n 's/^GLIBCXX_\([0-9][0-9.]*\)$/\1/p' | largest)
          break
        fi
      done ;;
    osx-*) macos=${ATHERIA_PROBE_MACOS:-$(sw_vers -productVersion 2>/dev/null)} ;;
  esac
}

find_nvidia() {
  driver=
  gpus=
  compute=
  nvidia="no NVIDIA driver"
  smi=
  if [ -n "$root" ]; then
    [ -x "$root/usr/bin/nvidia-smi" ] && smi=$root/usr/bin/nvidia-smi
  elif command -v nvidia-smi >/dev/null 2>&1; then
    smi=$(command -v nvidia-smi)
  elif [ -x /usr/lib/wsl/lib/nvidia-smi ]; then
    smi=/usr/lib/wsl/lib/nvidia-smi
  fi
  if [ -n "$smi" ]; then
    # One line a GPU: "NVIDIA H200, 580.65.06, 9.0". A driver that does not answer says so in other words.
    # Drivers before 510 do not know the last field.
    answer=$("$smi" --query-gpu=name,driver_version,compute_cap --format=csv,noheader 2>&1) ||
      answer=$("$smi" --query-gpu=name,driver_version --format=csv,noheader 2>&1 | sed 's/$/, ./')
    driver=$(printf '%s\n' "$answer" | sed -n 's/.*, *\([0-9][0-9.]*\), *[0-9.]*$/\1/p' | sed 1q)
    compute=$(printf '%s\n' "$answer" | sed -n 's/.*, *\([0-9][0-9]*\.[0-9]\)$/\1/p' | largest)
    gpus=$(printf '%s\n' "$answer" | sed -n 's/^\(.*\), *[0-9][0-9.]*, *[0-9.]*$/\1/p' | sort -u | awk 'NR > 1 { printf ", " } { printf "%s", $0 }')
    [ -n "$driver" ] || nvidia="nvidia-smi is there but reports no GPU: $(printf '%s\n' "$answer" | sed -n '/[A-Za-z]/{s/, \.$//;p;q;}')"
  fi
  if [ -z "$driver" ] && [ -r "$root/proc/driver/nvidia/version" ]; then
    driver=$(awk '/^NVRM version:/ { for (i = 3; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9.]+$/) { print $i; exit } }' "$root/proc/driver/nvidia/version")
    for file in "$root"/proc/driver/nvidia/gpus/*/information; do
      [ -r "$file" ] || continue
      gpus=${gpus:+$gpus, }$(sed -n 's/^Model:[[:space:]]*//p' "$file")
    done
    if [ -n "$driver" ] && [ -z "$gpus" ]; then
      nvidia="NVIDIA's driver $driver is there, but no GPU of theirs"
      driver=
    fi
  fi
}

find_amd() {
  amd=
  for file in "$root"/sys/class/kfd/kfd/topology/nodes/*/properties; do
    [ -r "$file" ] || continue
    # 90010 is gfx90a: major, minor and stepping, two decimal digits each; the name has the last two in hexadecimal.
    target=$(awk '$1 == "gfx_target_version" && $2 > 0 { printf "gfx%d%x%x", int($2 / 10000), int($2 / 100) % 100, $2 % 100 }' "$file")
    [ -n "$target" ] && amd=${amd:+$amd, }$target
  done
}

machine_line() {
  text=$platform
  [ -n "$glibc" ] && { [ "$glibc" = musl ] && text="$text, C library musl" || text="$text, glibc $glibc"; }
  [ -n "$libstdcxx" ] && text="$text, GLIBCXX_$libstdcxx"
  [ -n "$macos" ] && text="$text, macOS $macos"
  if [ -n "$driver" ]; then
    text="$text, NVIDIA driver $driver with ${gpus:-a GPU}${compute:+ (compute capability $compute)}"
  else
    text="$text, $nvidia"
  fi
  [ -n "$amd" ] && text="$text, AMD GPU $amd"
  printf '%s\n' "$text"
}

# ---------------------------------------------------------------- the list of archives

work=
locked=no

cleanup() {
  status=$?
  trap - EXIT
  [ -n "$work" ] && rm -rf "$work"
  [ "$locked" = yes ] && rm -rf "$prefix/.lock"
  exit "$status"
}
trap cleanup EXIT
trap 'say "$me: stopped; what was installed before is as it was"; exit 129' HUP
trap 'say "$me: stopped; what was installed before is as it was"; exit 130' INT
trap 'say "$me: stopped; what was installed before is as it was"; exit 143' TERM

find_source() {
  if [ -z "$from" ]; then
    here=$(dirname "$0")
    if [ ! -f "$here/atheria-archives.json" ] || [ ! -f "$0" ]; then fail 2 "no atheria-archives.json beside this script; say where the archives are with --from DIR_OR_URL"; fi
    from=$here
  fi
  from=${from%/}
  case $from in
    file://*) from=${from#file://} ;;
  esac
}

fetch() { # file's name, place
  case $from in
    http://* | https://*)
      if command -v curl >/dev/null 2>&1; then
        curl -fsSL --retry 2 --connect-timeout 20 -o "$2" "$from/$1" >&2 || return 1
      elif command -v wget >/dev/null 2>&1; then
        wget -q -O "$2" "$from/$1" || return 1
      else
        fail 1 "neither curl nor wget is here to fetch $from/$1; copy the archives to a folder and name it with --from"
      fi ;;
    *)
      [ -r "$from/$1" ] || return 1
      cp "$from/$1" "$2" || return 1 ;;
  esac
}

# Prints a member of a line of the list: text or number, the first of that name in the line (the flat ones stand first).
member() { # line, name
  printf '%s\n' "$1" | awk -v key="\"$2\": " '{
    at = index($0, key); if (!at) exit
    rest = substr($0, at + length(key))
    if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); print substr(rest, 1, index(rest, "\"") - 1) }
    else { match(rest, /^[0-9.]+/); print substr(rest, 1, RLENGTH) } }'
}

read_list() {
  fetch atheria-archives.json "$work/list.json" || fail 1 "$from has no atheria-archives.json that can be read; --from names the folder or address of the archives"
  grep '^{"file": ' "$work/list.json" >"$work/lines" || fail 1 "$from/atheria-archives.json is no list of archives that this script can read; make it again with ./run archive"
}

# What stands against an archive on this machine; empty when nothing does.
objection() { # line
  its_accel=$(member "$1" accel)
  its_platform=$(member "$1" platform)
  if [ "$its_platform" != "$platform" ]; then
    echo "is for $its_platform"
    return
  fi
  wanted=$(member "$1" needs_glibc)
  if [ -n "$wanted" ]; then
    if [ "$glibc" = musl ]; then
      echo "needs glibc $wanted, and this system's C library is musl"
      return
    elif [ -z "$glibc" ]; then
      echo "needs glibc $wanted, and this system's C library tells no version"
      return
    elif ! at_least "$glibc" "$wanted"; then
      echo "needs glibc $wanted, and here is $glibc"
      return
    fi
  fi
  wanted=$(member "$1" needs_libstdcxx)
  if [ -n "$wanted" ] && [ -n "$libstdcxx" ] && ! at_least "$libstdcxx" "$wanted"; then
    echo "needs a libstdc++ with GLIBCXX_$wanted, and here is GLIBCXX_$libstdcxx"
    return
  fi
  wanted=$(member "$1" needs_macos)
  if [ -n "$wanted" ] && [ -n "$macos" ] && ! at_least "$macos" "$wanted"; then
    echo "needs macOS $wanted, and here is $macos"
    return
  fi
  case $its_accel in
    cuda*)
      wanted=$(member "$1" needs_driver)
      least=$(member "$1" needs_compute)
      if [ -z "$driver" ]; then
        echo "needs NVIDIA's driver${wanted:+ $wanted or newer}: $nvidia"
      elif [ -n "$wanted" ] && ! at_least "$driver" "$wanted"; then
        echo "needs NVIDIA's driver $wanted or newer, and here is $driver"
      elif [ -n "$least" ] && [ -n "$compute" ] && ! at_least "$compute" "$least"; then
        echo "needs a GPU of compute capability $least, and here is one of $compute"
      fi ;;
    rocm*)
      [ "$accel" = "$its_accel" ] || echo "is installed by name only: --accel $its_accel${amd:+ (here is an AMD GPU, $amd)}" ;;
  esac
}

# Higher is better: the order of the packages' build numbers; cuda by its version. Names of later times come last.
rank() { # accel
  case $1 in
    cuda*[!0-9]*) echo 0 ;;
    cuda[0-9]*) echo $((300 + ${1#cuda})) ;;
    metal) echo 300 ;;
    cpu) echo 200 ;;
    openblas) echo 100 ;;
    *) echo 0 ;;
  esac
}

choose() { # sets chosen (a line) and reasons
  chosen=
  best=-1
  seen=no
  : >"$work/reasons"
  while IFS= read -r line; do
    its=$(member "$line" accel)
    against=$(objection "$line")
    if [ -n "$accel" ] && [ "$its" = "$accel" ] && [ "$(member "$line" platform)" = "$platform" ]; then
      seen=yes
      if [ -n "$against" ]; then
        case $against in
          "needs NVIDIA"* | "needs a GPU"*) say "note: $(member "$line" name) $against; it is installed all the same, as asked" ;;
          *) echo "  no   $(member "$line" name): $against" >>"$work/reasons"; continue ;;
        esac
      fi
      chosen=$line
      best=1000
    elif [ -n "$against" ]; then
      echo "  no   $(member "$line" name): $against" >>"$work/reasons"
    elif [ -n "$accel" ]; then
      echo "  no   $(member "$line" name): --accel $accel was asked for" >>"$work/reasons"
    elif [ "$(rank "$its")" -gt "$best" ]; then
      if [ -n "$chosen" ]; then
        echo "  no   $(member "$chosen" name): would do, but $its comes before it" >>"$work/reasons"
      fi
      chosen=$line
      best=$(rank "$its")
    else
      echo "  no   $(member "$line" name): would do, but $(member "$chosen" accel) comes before it" >>"$work/reasons"
    fi
  done <"$work/lines"
}

explain() {
  say "this machine: $(machine_line)"
  [ -n "$chosen" ] && say "  yes  $(member "$chosen" name)"
  cat "$work/reasons" >&2
}

# ---------------------------------------------------------------- what is installed

installed() { # accel or folder's name or nothing: the folders, the newest last
  for folder in "$prefix"/atheria-*-*-*; do
    if [ -h "$folder" ] || [ ! -f "$folder/.atheria-installed" ]; then continue; fi
    base=${folder##*/}
    short=${base#atheria-}
    case $1 in
      "" | "$base" | "${short%%-*}") printf '%s %s\n' "$(sed 1q "$folder/.atheria-installed")" "$base" ;;
    esac
  done | sort -n | sed 's/^[0-9]* //'
}

link() { # target, name: in the prefix, so that it is either the old link or the new one
  temporary=$prefix/.link.$$
  rm -f "$temporary"
  ln -s "$1" "$temporary" || return 1
  if [ -e "$prefix/$2" ] && [ ! -h "$prefix/$2" ]; then
    rm -f "$temporary"
    fail 1 "$prefix/$2 is no link of this script's; move it away first"
  fi
  # GNU and busybox take -T, BSD and macOS -h; without them mv would move into the folder that the link leads to, so that where
  # mv knows neither, the old link goes first.
  mv -fT "$temporary" "$prefix/$2" 2>/dev/null || mv -fh "$temporary" "$prefix/$2" 2>/dev/null ||
    { rm -f "$prefix/$2" && mv -f "$temporary" "$prefix/$2"; }
}

# Whether a process of this machine has ended. Of another machine, as in a folder they share, nobody can tell; and a signal that is
# not allowed says no more than that the process is somebody else's.
is_gone() { # process and machine, as in the lock
  case $1 in
    *" "*) [ "${1#* }" = "$(uname -n)" ] || return 1 ;;
  esac
  ! kill -0 "${1%% *}" 2>/dev/null && ! [ -d "/proc/${1%% *}" ] && ! ps -p "${1%% *}" >/dev/null 2>&1
}

lock() {
  mkdir -p "$prefix" || fail 1 "$prefix cannot be made; choose another place with --prefix DIR"
  [ -w "$prefix" ] || fail 1 "$prefix cannot be written to; choose another place with --prefix DIR"
  tries=0
  until mkdir "$prefix/.lock" 2>/dev/null; do
    holder=$(cat "$prefix/.lock/process" 2>/dev/null)
    if [ -n "$holder" ] && is_gone "$holder" && rm -rf "$prefix/.lock"; then
      continue # it was killed
    fi
    tries=$((tries + 1))
    if [ "$tries" -ge 5 ]; then
      [ -d "$prefix/.lock" ] || fail 5 "$prefix takes no folders; is the disk full?"
      place=
      case $holder in *" "*) place=" of ${holder#* }" ;; esac
      fail 6 "another install${holder:+ (process ${holder%% *}$place)} works in $prefix; wait for it, or remove $prefix/.lock if none does"
    fi
    sleep 1
  done
  locked=yes
  echo "$$ $(uname -n)" >"$prefix/.lock/process" || fail 5 "$prefix takes no files; is the disk full?"
  for left in "$prefix"/.incoming.*; do # of installs that were killed: the lock says that none runs
    [ -d "$left" ] && rm -rf "$left"
  done
}

digest() { # file
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$1" | sed 's/ .*//'
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 <"$1" | sed 's/ .*//'
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 <"$1" | sed 's/.* //'
  else
    fail 1 "none of sha256sum, shasum and openssl is here, so nothing can be checked; install one of them"
  fi
}

install_chosen() {
  file=$(member "$chosen" file)
  folder=$(member "$chosen" name)
  its=$(member "$chosen" accel)
  version=$(member "$chosen" version)
  sha=$(member "$chosen" sha256)
  bytes=$(member "$chosen" size)
  unpacked=$(member "$chosen" unpacked)
  case $file$folder$its$version in
    *[!A-Za-z0-9._+-]* | *..*) fail 4 "the list of $from names $file, which is no name of an archive" ;;
  esac
  [ ${#sha} -eq 64 ] || fail 4 "the list of $from has no sha256 for $file, and unchecked archives are not installed"
  place=atheria-$its-$version-$(printf '%.8s' "$sha")
  mebibytes=$(awk -v a="$bytes" -v b="$unpacked" 'BEGIN { printf "%d", (a + b) / 1048576 + 1 }')
  if [ "$dry" = yes ]; then
    say "would install $from/$file as $prefix/$place ($mebibytes MiB while it works) and make it the current one"
    return
  fi
  lock
  if [ -f "$prefix/$place/.atheria-installed" ]; then
    say "$prefix/$place is installed already"
  else
    free=$(df -Pk "$prefix" 2>/dev/null | awk 'NR == 2 { printf "%d", $4 / 1024 }')
    if [ -n "$free" ] && [ "$free" -lt "$mebibytes" ]; then
      fail 5 "$prefix has $free MiB left and $file needs $mebibytes; free some, or choose another place with --prefix DIR"
    fi
    incoming=$prefix/.incoming.$$
    rm -rf "$work"
    work=$incoming # goes with us, whatever happens
    mkdir "$incoming" || fail 5 "$prefix takes no folders; is the disk full?"
    say "fetch $from/$file"
    fetch "$file" "$incoming/$file" || fail 1 "$from/$file could not be fetched whole; what was installed before is as it was"
    found=$(digest "$incoming/$file") || exit 1
    [ "$found" = "$sha" ] || fail 4 "$from/$file is not the archive that the list names: sha256 $found, expected $sha. Nothing was installed; fetch it again, or ask who made it"
    if ! mkdir "$incoming/tree" || ! (cd "$incoming/tree" && gzip -dc "../$file" | tar -xf -); then fail 5 "$file could not be unpacked in $prefix; is the disk full? What was installed before is as it was"; fi
    [ -f "$incoming/tree/$folder/BUILD_INFO.txt" ] || fail 4 "$file holds no folder $folder with Atheria; nothing was installed"
    date +%s >"$incoming/tree/$folder/.atheria-installed" || fail 5 "$prefix takes no more files; is the disk full?"
    rm -rf "${prefix:?}/$place" # a folder without our mark is no finished install
    mv "$incoming/tree/$folder" "$prefix/$place" || fail 1 "$prefix/$place could not be put in place"
  fi
  link "$place" "atheria-$its" || fail 1 "$prefix/atheria-$its could not be made"
  link "$place" current || fail 1 "$prefix/current could not be made"
  say "current: $prefix/current -> $place"
  say "use it:  CMAKE_PREFIX_PATH=$prefix/current, or PKG_CONFIG_PATH=$prefix/current/lib/pkgconfig"
  printf '%s\n' "$prefix/$place"
}

not_installed() {
  there=$(installed "" | tr '\n' ' ')
  fail 1 "$name is not installed in $prefix; there is ${there:-nothing}"
}

use_variant() {
  place=$(installed "$name" | sed -n '$p')
  [ -n "$place" ] || not_installed
  if [ "$dry" = yes ]; then
    say "would make $place the current one of $prefix"
    return
  fi
  lock
  link "$place" current || fail 1 "$prefix/current could not be made"
  say "current: $prefix/current -> $place"
  printf '%s\n' "$prefix/$place"
}

remove_variant() {
  places=$(installed "$name")
  [ -n "$places" ] || not_installed
  if [ "$dry" = yes ]; then
    for place in $places; do say "would remove $prefix/$place"; done
    return
  fi
  lock
  for place in $places; do
    mark=$prefix/.incoming.$$.$place # whoever stops this leaves a whole variant or rubbish that the next run clears
    mv "$prefix/$place" "$mark" || fail 1 "$prefix/$place could not be removed"
    rm -rf "$mark"
    say "removed $prefix/$place"
  done
  # Links that lead nowhere now lead to the newest of their kind, or go.
  for path in "$prefix"/atheria-* "$prefix/current"; do
    if [ ! -h "$path" ] || [ -e "$path" ]; then continue; fi
    base=${path##*/}
    kind=${base#atheria-}
    [ "$base" = current ] && kind=
    next=$(installed "$kind" | sed -n '$p')
    if [ -n "$next" ]; then
      link "$next" "$base" || fail 1 "$path could not be made"
      say "$base: $path -> $next"
    else
      rm -f "$path"
    fi
  done
}

# ---------------------------------------------------------------- what was asked for

case $mode in
  use) use_variant; exit ;;
  remove) remove_variant; exit ;;
esac

find_platform
find_source
work=$(mktemp -d "${TMPDIR:-/tmp}/atheria-install.XXXXXX") || fail 5 "${TMPDIR:-/tmp} takes no folders; is the disk full?"
find_system_libraries
find_nvidia
find_amd
if [ "$mode" = list ]; then
  [ -z "$trouble" ] || say "$trouble"
  read_list
  choose
  explain
  now=$(readlink "$prefix/current" 2>/dev/null) || now=
  for place in $(installed ""); do
    [ "$place" = "$now" ] && printf '%s (current)\n' "$prefix/$place" || printf '%s\n' "$prefix/$place"
  done
  exit 0
fi
[ -z "$trouble" ] || fail 3 "$trouble"
read_list
choose
explain
if [ -z "$chosen" ]; then
  if [ -n "$accel" ] && [ "$seen" = no ]; then
    fail 3 "no archive of $accel for $platform in $from; --list shows what there is"
  fi
  fail 3 "no archive of $from suits this machine, for the reasons above"
fi
install_chosen
