#!/bin/sh
# bt-scanner @VERSION@. Behind this text, compressed: Deno for Linux on @MACHINE@, and the program.
# The first start unpacks both into a cache folder; every start then becomes the agent from there.
set -u
# The shell's own errors, such as "Cannot fork", end it with 2, which means a wrong configuration:
# whoever supervises the agent would not try again.
trap '[ $? = 2 ] && exit 1' EXIT
# Stray signals, until the program has the kernel ignore them; SIGHUP ends what runs on a terminal.
trap '' USR1 USR2 ALRM
ending='HUP INT TERM'
if [ "${1:-}" = run ]; then
  trap '' HUP
  ending='INT TERM'
fi
lines=@LINES@ payload_digest=@PAYLOAD_DIGEST@
runtime_packed=@RUNTIME_PACKED@ runtime_digest=@RUNTIME_DIGEST@ program_digest=@PROGRAM_DIGEST@
other_folder='set BT_SCANNER_CACHE to a folder with 100 MB of room'

fail() {
  printf 'bt-scanner: %s\n' "$*" >&2
  exit 1
}

# shellcheck disable=SC3067 # dash, bash and busybox have -O
owns() { [ -O "$1" ]; }
is_root() { owns /; }

if [ -n "${BT_SCANNER_CACHE:-}" ]; then cache=$BT_SCANNER_CACHE
elif [ -n "${CACHE_DIRECTORY:-}" ]; then cache=${CACHE_DIRECTORY%%:*}
elif is_root && ! owns "${HOME:-}"; then cache=/root/.cache/bt-scanner # sudo kept another's HOME, or there is none
elif [ -n "${XDG_CACHE_HOME:-}" ]; then cache=$XDG_CACHE_HOME/bt-scanner
elif [ -n "${HOME:-}" ]; then cache=$HOME/.cache/bt-scanner
else fail "no folder to unpack to is known; $other_folder"
fi
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
home=$cache/@NAME@ runtime=$cache/@NAME@/bt-scanner program=$cache/@NAME@/bt-scanner.mjs

# What the system knows about both files; who writes to them changes it, but not what a power cut or a
# worn SD card does to them: after each boot they are compared anew.
note() {
  # shellcheck disable=SC2046 # to make one line of it
  set -- $(cat /proc/sys/kernel/random/boot_id 2>/dev/null
    TZ=UTC0 stat -c '%u %i %s %y %z' "$runtime" "$program" 2>/dev/null)
  noted=$*
}

digest() { sha256sum | cut -d ' ' -f 1; }

has_digests() {
  [ "$(digest <"$1/bt-scanner")" = "$runtime_digest" ] && [ "$(digest <"$1/bt-scanner.mjs")" = "$program_digest" ]
} 2>/dev/null

# Both are whole: as they were when their digests were last compared, or else by their digests, which
# takes half a second on a Pi. What another user has put there, root excepted, is not looked at.
is_ready() {
  [ -f "$runtime" ] && [ -f "$program" ] || return 1
  { owns "$home" && owns "$runtime" && owns "$program"; } ||
    [ "$(stat -c %u "$home" "$runtime" "$program" 2>/dev/null | sort -u)" = 0 ] || return 1
  note
  [ -r "$home/noted" ] && IFS= read -r before <"$home/noted" && [ "${noted:-none}" = "$before" ] && return
  has_digests "$home" && keep_note
}

keep_note() { { printf '%s\n' "$noted" >"$home/noted"; } 2>/dev/null || :; }

# Held until the subshell and all that it started have ended, however they end. A file system may have no locks.
lock() { exec 8<"$home" && flock 8 2>/dev/null; }

unpack() (
  umask 077
  error=$(mkdir -p "$home" 2>&1) || fail "cannot unpack to $cache: ${error##*: }; $other_folder"
  owns "$home" || fail "$home belongs to another user; remove it, or $other_folder"
  new=$home/new.$$
  if lock; then
    is_ready && return # by one that was faster
    rm -rf "$home"/new.* # of one that was killed; a process number says nothing, a container's is always 1
  else
    rm -rf "$new"
  fi
  [ "$(tail -n +$lines "$0" | digest)" = $payload_digest ] || fail "$0 is damaged; copy it here again"
  trap 'rm -rf "$new"' EXIT
  # shellcheck disable=SC2064,SC2086 # the words of a constant
  trap 'exit 1' $ending
  error=$({
    mkdir "$new" &&
      tail -n +$lines "$0" | head -c $runtime_packed | gzip -dc >"$new/bt-scanner" &&
      tail -n +$lines "$0" | tail -c +$((runtime_packed + 1)) | gzip -dc >"$new/bt-scanner.mjs" &&
      chmod 700 "$new/bt-scanner" && sync "$new/bt-scanner" "$new/bt-scanner.mjs"
  } 2>&1)
  has_digests "$new" || fail "cannot unpack to $cache: ${error##*: }; $other_folder"
  error=$("$new/bt-scanner" --version 2>&1) || {
    [ "$(getconf LONG_BIT 2>/dev/null)" != 32 ] ||
      fail "this is a 32-bit system, whatever its kernel is; it takes a 64-bit one for @MACHINE@"
    fail "cannot run what is unpacked to $cache: ${error##*: }; it takes a 64-bit Linux for @MACHINE@, and a file system not mounted with noexec"
  }
  # File by file: each is whole at any moment, whoever else unpacks at the same time.
  error=$(mv -f "$new/bt-scanner" "$runtime" 2>&1 && mv -f "$new/bt-scanner.mjs" "$program" 2>&1) ||
    fail "cannot unpack to $cache: ${error##*: }; $other_folder"
  note
  keep_note
  for old in "$cache"/bt-scanner-????????????????; do
    case ${old##*/bt-scanner-} in *[!0-9a-f]*) continue ;; esac # not one of ours
    [ "$old" = "$home" ] || rm -rf "$old"
  done
)

unset NODE_OPTIONS DENO_V8_FLAGS DENO_AUTO_SERVE DENO_CERT DENO_COMPAT DENO_CONDITIONS DENO_COVERAGE_DIR \
  DENO_TLS_CA_STORE DENO_PERMISSION_BROKER_PATH DENO_AUDIT_PERMISSIONS DENO_TRACE_PERMISSIONS \
  DENO_CACHE_DB_MODE DENO_EMIT_CACHE_MODE DENO_USE_CGROUPS
export DENO_DIR="$home/deno" DENO_NO_PACKAGE_JSON=1 DENO_NO_UPDATE_CHECK=1
# glibc keeps 4 MB that only the start needed, unless told to give back what it can.
export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536
if ! is_ready; then
  unpack || exit
  # Deno reads a program it does not know yet in a way that takes 16 MB for as long as the process
  # lives, and remembers what it needs for the next one.
  "$runtime" run @FLAGS@ "$program" --version >/dev/null 2>&1
fi
exec "$runtime" run @FLAGS@ "$program" "$@"
