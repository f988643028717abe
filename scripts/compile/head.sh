#!/bin/sh
# bt-scanner @VERSION@: a runtime and a program, compressed, behind this text. The first start unpacks
# them into a cache; every start runs them from there.
set -eu
name='@NAME@' lines='@LINES@' payload_sha256='@PAYLOAD_SHA256@'
runtime_bytes='@RUNTIME_BYTES@' runtime_packed='@RUNTIME_PACKED@' runtime_sha256='@RUNTIME_SHA256@'
program_bytes='@PROGRAM_BYTES@' program_sha256='@PROGRAM_SHA256@'

fail() {
  echo "bt-scanner: $*" >&2
  exit 1
}

if [ -n "${BT_SCANNER_CACHE:-}" ]; then cache=$BT_SCANNER_CACHE
elif [ -n "${CACHE_DIRECTORY:-}" ]; then cache=${CACHE_DIRECTORY%%:*}
elif [ -n "${XDG_CACHE_HOME:-}" ]; then cache=$XDG_CACHE_HOME/bt-scanner
elif [ -n "${HOME:-}" ]; then cache=$HOME/.cache/bt-scanner
else fail "there is no folder to unpack to; set BT_SCANNER_CACHE"
fi
home=$cache/$name

bytes() { wc -c 2>/dev/null <"$1" | tr -d ' '; }
digest() { sha256sum | cut -d ' ' -f 1; }

# Sizes at each start; digests at the first start after a boot, for what a power cut damages.
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown)
intact() {
  [ "$(bytes "$home/deno")" = "$runtime_bytes" ] && [ "$(bytes "$home/bt-scanner.js")" = "$program_bytes" ] || return 1
  [ "$(cat "$home/checked" 2>/dev/null)" != "$boot" ] || return 0
  [ "$(digest <"$home/deno")" = "$runtime_sha256" ] && [ "$(digest <"$home/bt-scanner.js")" = "$program_sha256" ] || return 1
  echo "$boot" 2>/dev/null >"$home/checked" || :
}

unpack() {
  mkdir -p "$cache" 2>/dev/null || :
  [ -w "$cache" ] || fail "cannot write to $cache; set BT_SCANNER_CACHE to a folder with 150 MB of room"
  for left in "$cache"/.new.*; do # left over by one that was killed
    [ ! -d "$left" ] || kill -0 "${left##*.}" 2>/dev/null || rm -rf "$left"
  done
  new=$cache/.new.$$
  trap 'rm -rf "$new"' EXIT
  trap 'exit 1' HUP INT TERM
  [ "$(tail -n "+$lines" "$0" | digest)" = "$payload_sha256" ] || fail "$0 is damaged; copy it again"
  mkdir "$new" || fail "cannot write to $cache"
  if ! tail -n "+$lines" "$0" | head -c "$runtime_packed" | gzip -dc 2>/dev/null >"$new/deno" ||
    ! tail -n "+$lines" "$0" | tail -c "+$((runtime_packed + 1))" | gzip -dc 2>/dev/null >"$new/bt-scanner.js" ||
    [ "$(digest 2>/dev/null <"$new/deno")" != "$runtime_sha256" ] ||
    [ "$(digest 2>/dev/null <"$new/bt-scanner.js")" != "$program_sha256" ]; then
    fail "cannot unpack to $cache: no room? It takes 150 MB; set BT_SCANNER_CACHE to another folder"
  fi
  chmod 755 "$new/deno"
  echo "$boot" >"$new/checked"
  if [ -e "$home" ] && ! intact; then # damaged
    mv "$home" "$new.damaged" && rm -rf "$new.damaged"
  fi
  # Of two that start at once the first one wins; the other's goes into it, and away.
  mv "$new" "$home" 2>/dev/null || :
  rm -rf "$home/.new.$$"
  trap - EXIT HUP INT TERM
  for old in "$cache"/v-*; do
    [ "$old" = "$home" ] || rm -rf "$old"
  done
}

intact || unpack
intact || fail "cannot use $home; remove it"
export DENO_DIR="$cache/deno" DENO_NO_UPDATE_CHECK=1
exec "$home/deno" run --quiet --no-config --no-lock --no-npm --no-remote --no-check @FLAGS@ "$home/bt-scanner.js" "$@"
