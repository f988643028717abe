#!/bin/bash
# build-systemd.sh ARCH      (ARCH = amd64 | arm64)
#
# Builds what run-vm.sh lays over the VM of build-vm.sh where VM_INIT=systemd:
#   $VM_WORK/ARCH/systemd.cpio    systemd of Debian 12, nothing enabled but the journal
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../../scripts/debian/apt.sh"
ARCH=${1:?usage: build-systemd.sh amd64|arm64}
W=${VM_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/bt-scanner-vm}/$ARCH
DEBS=$W/debs-12; mkdir -p "$DEBS"
exec 9>"$W/lock"; flock 9
if up_to_date "$W/systemd.cpio" "$0"; then exit 0; fi

PKGS="systemd libsystemd-shared libacl1 libapparmor1 libaudit1 libcap-ng0 libfdisk1 libip4tc2 libkmod2
  libpam0g libp11-kit0 libseccomp2 libuuid1"
debian 12 "$ARCH" "$W/apt-12"
download "$DEBS" $PKGS

R=$W/systemd-root; rm -rf "$R"; mkdir -p "$R"/usr/{bin,sbin,lib}
for d in bin sbin lib; do ln -s usr/$d "$R/$d"; done
for p in $PKGS; do
  dpkg-deb --fsys-tarfile "$DEBS/${p}"_*.deb | tar -x --keep-directory-symlink -C "$R"
done
for d in bin sbin lib; do rm "$R/$d"; done                # the VM has them already
S=$R/usr/lib/systemd/system
rm -rf "$R"/usr/share/{doc,man,locale,info,lintian,bug,bash-completion,zsh} "$R"/etc/systemd/system/* \
       "$S"/*.target.wants/* "$R"/usr/lib/systemd/system-generators "$R"/usr/lib/tmpfiles.d
mkdir -p "$R/etc/systemd/system" "$R/var/tmp"
: >"$R/etc/machine-id"
printf '[Manager]\nShowStatus=no\n' >"$R/etc/systemd/system.conf"
# The command of the VM, as guest-init would run it by itself.
cat >"$S/job.service" <<'UNIT'
[Unit]
Description=The command of the virtual machine
After=systemd-journald.service
[Service]
Type=oneshot
ExecStart=/init job
KillMode=none
TimeoutStartSec=infinity
UNIT
ln -sf job.target "$S/default.target"
cat >"$S/job.target" <<'UNIT'
[Unit]
Description=What the virtual machine is for
Requires=sysinit.target systemd-journald.service job.service
After=sysinit.target
AllowIsolate=yes
UNIT
archive "$R" "$W/systemd.cpio" "$0"
