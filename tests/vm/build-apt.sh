#!/bin/bash
# build-apt.sh ARCH      (ARCH = amd64 | arm64)
#
# Builds what run-vm.sh lays over the VM of build-vm.sh where VM_APT=1:
#   $VM_WORK/ARCH/apt.cpio    apt and dpkg of Debian 12, which take what is in the VM for installed
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../../scripts/debian/apt.sh"
ARCH=${1:?usage: build-apt.sh amd64|arm64}
W=${VM_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/bt-scanner-vm}/$ARCH
DEBS=$W/debs-12; mkdir -p "$DEBS"
exec 9>"$W/lock"; flock 9
if up_to_date "$W/apt.cpio" "$0"; then exit 0; fi

PKGS="apt dpkg gpgv libc-bin diffutils tar libapt-pkg6.0 libacl1 libmd0 libgmp10 libgnutls30 libhogweed6 libidn2-0
  libnettle8 libp11-kit0 libseccomp2 libtasn1-6 libunistring2 libxxhash0"
debian 12 "$ARCH" "$W/apt-12"
download "$DEBS" $PKGS

R=$W/apt-root; rm -rf "$R"; mkdir -p "$R"/usr/{bin,sbin,lib} "$R"/var/lib/dpkg/{info,updates}
for d in bin sbin lib; do ln -s usr/$d "$R/$d"; done
for p in $PKGS; do
  dpkg-deb --fsys-tarfile "$DEBS/${p}"_*.deb | tar -x --keep-directory-symlink -C "$R"
done
for d in bin sbin lib; do rm "$R/$d"; done                # the VM has them already
rm -rf "$R"/usr/share/{doc,man,locale,info,lintian,bug,bash-completion} "$R/usr/lib/systemd" "$R/etc/cron.daily"
mkdir -p "$R"/var/{cache/apt/archives/partial,lib/apt/lists/partial,log/apt} "$R"/etc/apt/{apt.conf.d,sources.list.d}
echo 'APT::Sandbox::User "root";' >"$R/etc/apt/apt.conf.d/guest"
: >"$R/var/lib/dpkg/available"
for p in libc6 libgcc-s1; do
  dpkg-deb --field "$DEBS/${p}"_*.deb | sed '/^Package:/a Status: install ok installed' | grep -vE '^(Depends|Recommends|Suggests):'
  echo
  echo "/." >"$R/var/lib/dpkg/info/$p:$ARCH.list"
done >"$R/var/lib/dpkg/status"
archive "$R" "$W/apt.cpio" "$0"
