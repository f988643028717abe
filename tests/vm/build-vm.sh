#!/bin/bash
# build-vm.sh ARCH      (ARCH = amd64 | arm64)
#
# Makes $VM_WORK/ARCH/user.cpio, the user space of the VM that run-vm.sh boots, from packages of Debian 12 only: busybox,
# glibc, python3, BlueZ and its btvirt, D-Bus, Mosquitto. Its kernel is build-kernel.sh's.
# What is up to date is not made again (FORCE=1: make it again). Runs on Debian 12;
# root is needed only to install missing tools (NOINSTALL=1: they are there).
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../../scripts/debian/apt.sh"
ARCH=${1:?usage: build-vm.sh amd64|arm64}
W=${VM_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/bt-scanner-vm}/$ARCH
case $ARCH in
  amd64) QEMU_PKG=qemu-system-x86; TRIPLET=x86_64-linux-gnu ;;
  arm64) QEMU_PKG=qemu-system-arm; TRIPLET=aarch64-linux-gnu ;;
  *) echo "unknown arch $ARCH" >&2; exit 2 ;;
esac
say() { echo "[build-vm $ARCH $(date +%T)] $*" >&2; }

DEBS=$W/debs-12; mkdir -p "$DEBS"
exec 9>"$W/lock"; flock 9
if up_to_date "$W/user.cpio" "$0"; then exit 0; fi
install_tools "$QEMU_PKG" cpio

# A chosen list (not the whole closure: no perl, dpkg, debconf, PAM)
PKGS="busybox-static libc6 libgcc-s1 libstdc++6 libcrypt1 zlib1g libbz2-1.0 liblzma5 libzstd1 liblz4-1
  libreadline8 libtinfo6 libexpat1 libffi8 libcap2 libcap-ng0 libgcrypt20 libgpg-error0 libsystemd0 libudev1
  libselinux1 libpcre2-8-0 libblkid1 libmount1 libglib2.0-0 libdw1 libelf1 libasound2
  libdbus-1-3 dbus-bin dbus-daemon dbus-system-bus-common libapparmor1 libaudit1
  bluez bluez-test-tools
  python3-minimal python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
  mosquitto mosquitto-clients libmosquitto1 libcjson1 libdlt2 libssl3 libwrap0 libnsl2 libtirpc3
  libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1 libcom-err2"
say "packages"
debian 12 "$ARCH" "$W/apt-12"
download "$DEBS" $PKGS

R=$W/user; rm -rf "$R"; mkdir -p "$R"/usr/{bin,sbin,lib,lib64,libexec}
for d in bin sbin lib; do ln -s usr/$d "$R/$d"; done      # merged /usr, as on Debian
[ "$ARCH" = amd64 ] && ln -s usr/lib64 "$R/lib64"
for p in $PKGS; do
  dpkg-deb --fsys-tarfile "$DEBS/${p}"_*.deb | tar -x --keep-directory-symlink -C "$R"
done
rm -rf "$R"/usr/share/{doc,man,locale,info,lintian,bug,i18n,alsa} "$R"/usr/lib/python3.11/{test,lib2to3,idlelib,ensurepip,distutils,__pycache__} \
       "$R"/usr/lib/$TRIPLET/gconv "$R"/usr/lib/$TRIPLET/perl-base "$R"/usr/lib/udev
mkdir -p "$R"/{proc,sys,dev,run,tmp,root,etc,var/log,var/lib/bluetooth,var/lib/mosquitto,var/run,job,mnt}
chmod 1777 "$R/tmp"
for c in sh mount umount modprobe insmod rmmod lsmod poweroff ifconfig ip cat ls sleep grep sed awk tr head tail cp mv rm mkdir \
         ps kill date stty tar gzip wc sort uniq cut env id hexdump od dd df du free uptime dmesg touch chmod chown ln find xargs \
         timeout mknod setsid mkfifo test expr seq tee stat sync true false which wget nc telnet vi more less time uname hostname sha256sum nohup nice; do
  for d in bin sbin; do [ -e "$R/usr/$d/$c" ] && continue 2; done
  ln -s busybox "$R/usr/bin/$c"
done
ln -sf ../bin/modprobe "$R/usr/sbin/modprobe"             # what the kernel's request_module() runs
ln -sf python3.11 "$R/usr/bin/python3"
printf 'root:x:0:0:root:/root:/bin/sh\nmosquitto:x:100:100::/var/lib/mosquitto:/bin/false\nmessagebus:x:101:101::/:/bin/false\nuser:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$R/etc/passwd"
printf 'root:x:0:\nmosquitto:x:100:\nmessagebus:x:101:\nbluetooth:x:102:\nuser:x:1000:\nnogroup:x:65534:\n' >"$R/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$R/etc/nsswitch.conf"
printf '127.0.0.1 localhost vm\n::1 localhost\n' >"$R/etc/hosts"
echo vm >"$R/etc/hostname"
# ld.so.cache made by the host's ldconfig would not do for arm64; the loader's
# built-in path /lib/<triplet> is enough, so none is made.

archive "$R" "$W/user.cpio" "$0"
say "done: user.cpio $(du -m "$W/user.cpio" | cut -f1) MB"
