#!/bin/bash
# base.sh amd64|arm64 ROOT: lays into ROOT what the program needs of Debian 12, in the newest version: the C library,
# with its licences and what tells a scanner for vulnerabilities that it is there.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../debian/apt.sh"
ARCH=${1:?usage: base.sh amd64|arm64 ROOT} ROOT=${2:?folder}
case $ARCH in
  amd64) TRIPLET=x86_64-linux-gnu LOADER=lib64/ld-linux-x86-64.so.2 ;;
  arm64) TRIPLET=aarch64-linux-gnu LOADER=lib/ld-linux-aarch64.so.1 ;;
  *) echo "unknown architecture $ARCH" >&2; exit 2 ;;
esac
PACKAGES="base-files gcc-12-base libc6 libgcc-s1"
LIBRARIES="libc.so.6 libdl.so.2 libgcc_s.so.1 libm.so.6 libpthread.so.0 libresolv.so.2 librt.so.1"
STATE=${XDG_CACHE_HOME:-$HOME/.cache}/bt-scanner-image/$ARCH
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
mkdir -p "$STATE" "$T/debs" "$T/tree"
exec 9>"$STATE/lock"; flock 9
debian 12 "$ARCH" "$STATE"
apt-get "${APT[@]}" update -qq
# shellcheck disable=SC2086 # words
download "$T/debs" $PACKAGES

mkdir -p "$ROOT"/{etc,proc,tmp} "$ROOT"/usr/lib/$TRIPLET "$ROOT"/usr/lib64 "$ROOT"/var/lib/dpkg/status.d
chmod 1777 "$ROOT/tmp"
ln -s usr/lib "$ROOT/lib"; ln -s usr/lib64 "$ROOT/lib64"
for package in $PACKAGES; do
  deb=("$T/debs/$package"_*.deb)
  dpkg-deb --fsys-tarfile "${deb[0]}" | tar -x -C "$T/tree"
  dpkg-deb --field "${deb[0]}" >"$ROOT/var/lib/dpkg/status.d/$package"
  mkdir -p "$ROOT/usr/share/doc/$package"
  cp -L "$T/tree/usr/share/doc/$package/copyright" "$ROOT/usr/share/doc/$package/"
done
for library in $LIBRARIES; do
  file=$T/tree/lib/$TRIPLET/$library
  [ -e "$file" ] || file=$T/tree/usr/lib/$TRIPLET/$library
  cp -L "$file" "$ROOT/usr/lib/$TRIPLET/"
done
cp -L "$T/tree/lib/$TRIPLET/$(basename $LOADER)" "$ROOT/usr/$LOADER"
cp "$T/tree/usr/lib/os-release" "$ROOT/etc/os-release"
printf 'root:x:0:0:root:/:/sbin/nologin\nbt-scanner:x:65532:65532:bt-scanner:/:/sbin/nologin\n' >"$ROOT/etc/passwd"
printf 'root:x:0:\nbt-scanner:x:65532:\n' >"$ROOT/etc/group"
printf 'hosts: files dns\n' >"$ROOT/etc/nsswitch.conf"
