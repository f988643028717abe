# What scripts/deploy does on a host, as root. Before it come its parameters, as variables:
# operation (look, install or rollback), root (of the file system), wait and settle (seconds),
# and files: name:bytes:sha256 of each file that follows on standard input.
# It answers with lines: a word, a space, text.

say() { printf '%s %s\n' "$1" "$2"; }

fail() {
  say failed "$1"
  exit 1
}

details() {
  while IFS= read -r line; do say detail "$line"; done
}

path_of() {
  case $1 in
    binary) echo "$root/usr/bin/bt-scanner" ;;
    config) echo "$root/etc/bt-scanner/config.yaml" ;;
    unit) echo "$root/etc/systemd/system/bt-scanner.service" ;;
  esac
}

digest() {
  if [ -e "$1" ]; then sha256sum <"$1" | cut -d ' ' -f 1; else echo none; fi
}

look() {
  say arch "$(uname -m)"
  say bits "$(getconf LONG_BIT)" # of the system; its kernel may be a 64-bit one all the same
  # "before" is there while a deployment is under way, or after one that was cut short.
  for name in binary config unit; do
    if [ -d "$before" ]; then file=$before/$name; else file=$(path_of $name); fi
    say $name "$(digest "$file")"
  done
  say previous "$(digest "$previous/binary")"
  if systemctl is-active --quiet bt-scanner.service; then say active yes; fi
  if [ -d "$before" ]; then say interrupted yes; fi
  owner=$(dpkg-query --search "$(path_of binary)" 2>/dev/null) && say package "${owner%%:*}"
  say looked yes
}

# A program is never written to, only replaced, so a link keeps it; the others may be edited in place.
keep() {
  if [ "$1" = binary ] && ln "$2" "$3" 2>/dev/null; then return; fi
  cp -p "$2" "$3"
}

# The new file appears under its name at once and whole, or not at all.
put() {
  path=$(path_of "$1")
  mkdir -p "$(dirname "$path")"
  rm -f "$path.new"
  keep "$1" "$2" "$path.new" && mv -f "$path.new" "$path"
  status=$?
  rm -f "$path.new" # mv leaves it where both are the same file
  return $status
}

start() {
  systemctl daemon-reload && systemctl enable --quiet bt-scanner.service || return
  systemctl reset-failed bt-scanner.service 2>/dev/null
  timeout "$wait" systemctl restart bt-scanner.service # Type=notify: returns once it is ready
  status=$?
  if [ $status = 124 ]; then echo "not ready within $wait s"; fi
  [ $status = 0 ] || return $status
  pid=$(systemctl show --property MainPID --value bt-scanner.service)
  sleep "$settle"
  systemctl is-active --quiet bt-scanner.service &&
    [ "$(systemctl show --property MainPID --value bt-scanner.service)" = "$pid" ]
}

# Puts back what "before" holds. May be cut short and done again.
restore() {
  [ -e "$before/running" ] || systemctl stop bt-scanner.service 2>/dev/null
  [ -e "$before/enabled" ] || systemctl disable --quiet bt-scanner.service 2>/dev/null
  restored=0
  for name in binary config unit; do
    if [ -e "$before/$name" ]; then
      put $name "$before/$name" || restored=1
    else
      rm -f "$(path_of $name)"
    fi
  done
  systemctl daemon-reload
  systemctl reset-failed bt-scanner.service 2>/dev/null
  if [ -e "$before/ready" ]; then
    timeout "$wait" systemctl restart bt-scanner.service || restored=1
  elif [ -e "$before/running" ]; then
    systemctl restart --no-block bt-scanner.service || restored=1
  fi
  [ $restored = 0 ] && rm -rf "$before"
}

make_state() {
  if mkdir -p "$state" && chmod 700 "$state"; then return; fi
  fail "cannot write to $state"
}

lock() {
  make_state
  exec 9>"$state/lock"
  flock -n 9 || fail "another deployment to this host is under way"
}

recover() {
  [ -d "$before" ] || return 0
  say stage "undoing a deployment that was cut short"
  restore || fail "cannot undo a deployment that was cut short"
}

make_room() {
  make_state
  find "$state" -maxdepth 1 -name 'upload.*' -mmin +120 -exec rm -rf {} +
  upload=$(mktemp -d "$state/upload.XXXXXX") || fail "cannot write to $state"
  trap 'rm -rf "$upload"' EXIT
}

receive() {
  for file in $files; do
    name=${file%%:*} size=${file#*:} expected=${file##*:}
    size=${size%:*}
    (umask 077 && head -c "$size" >"$upload/$name")
    arrived=$(wc -c <"$upload/$name")
    [ "$arrived" -eq "$size" ] ||
      fail "$name is incomplete, $arrived of $size bytes: the connection ended, or the disk is full"
    [ "$(digest "$upload/$name")" = "$expected" ] || fail "$name arrived damaged: its SHA-256 digest differs"
  done
}

take_previous() {
  [ -e "$previous/binary" ] || fail "no previous version is kept here"
  for name in binary config unit; do
    if [ -e "$previous/$name" ]; then keep $name "$previous/$name" "$upload/$name"; fi
  done
}

set_modes() {
  chown 0:0 "$upload"/* || return
  if [ -e "$upload/binary" ]; then chmod 755 "$upload/binary" || return; fi
  if [ -e "$upload/unit" ]; then chmod 644 "$upload/unit" || return; fi
  [ -e "$upload/config" ] || return 0
  chmod 644 "$upload/config" || return # the service's own user reads it
  if [ -e "$(path_of config)" ]; then
    chmod --reference "$(path_of config)" "$upload/config" && chown --reference "$(path_of config)" "$upload/config"
  fi
}

new_or_current() {
  if [ -e "$upload/$1" ]; then echo "$upload/$1"; else path_of "$1"; fi
}

check() {
  say stage "checking the configuration"
  # CACHE_DIRECTORY: what a self-extracting program unpacks for this is not to stay.
  if output=$(
    cd / && CACHE_DIRECTORY=$upload/cache "$(new_or_current binary)" check --config "$(new_or_current config)" \
      2>&1 </dev/null
  ); then return; fi
  echo "$output" | tail -n 20 | details
  fail "the new version refuses the configuration; nothing was changed"
}

remember() {
  rm -rf "$before" "$before.new"
  mkdir "$before.new" || return
  for name in binary config unit; do
    path=$(path_of $name)
    if [ -e "$path" ]; then keep $name "$path" "$before.new/$name" || return; fi
  done
  case $(systemctl show --property ActiveState --value bt-scanner.service) in
    active) : >"$before.new/ready" && : >"$before.new/running" ;;
    activating | reloading) : >"$before.new/running" ;;
  esac
  if systemctl is-enabled --quiet bt-scanner.service 2>/dev/null; then : >"$before.new/enabled"; fi
  sync "$upload"/* "$before.new"/* "$before.new" 2>/dev/null # on a first installation there is nothing to keep
  mv "$before.new" "$before"
}

replace() {
  for name in binary config unit; do
    if [ -e "$upload/$name" ]; then put $name "$upload/$name" || return; fi
  done
}

switch() {
  remember || fail "cannot keep the present version in $state; nothing was changed"
  say stage restarting
  since=$(date +%s)
  if error=$(replace 2>&1 && start 2>&1); then
    rm -rf "$previous" && mv "$before" "$previous"
    say deployed yes
    return
  fi
  echo "${error:-it ended again within $settle s}" | details
  journalctl --unit bt-scanner.service --since "@$since" --lines 10 --no-pager --output cat 2>/dev/null | details
  say stage "rolling back"
  restore || fail "did not become ready, and what was before does not either"
  fail "did not become ready; rolled back"
}

main() {
  LC_ALL=C
  export LC_ALL
  umask 022
  trap '' HUP INT TERM PIPE # once begun it comes to an end, whether somebody listens or not
  state=$root/var/lib/bt-scanner-deploy
  before=$state/before
  previous=$state/previous
  case $operation in
    look) look ;;
    install)
      make_room
      receive
      lock
      recover
      if [ -z "$files" ]; then
        say stage restarting
        if ! error=$(start 2>&1); then
          echo "${error:-it ended again within $settle s}" | details
          fail "does not become ready"
        fi
        say deployed yes
        return
      fi
      set_modes || fail "cannot set owner and mode of the new files"
      check
      switch
      ;;
    rollback)
      lock
      if [ -d "$before" ]; then
        recover
        say deployed yes
        return
      fi
      make_room
      take_previous
      check
      switch
      ;;
  esac
}
