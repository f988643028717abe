#!/bin/bash
# build-vm.sh ARCH      (ARCH = amd64 | arm64)
#
# Builds what run-vm.sh boots, from packages of Debian 12 only:
#   $VM_WORK/ARCH/vmlinuz      the stock kernel image
#   $VM_WORK/ARCH/base.cpio    uncompressed initramfs: busybox, glibc, python3,
#                              BlueZ and its btvirt, D-Bus, Mosquitto, Bluetooth modules
# What is up to date is not made again (FORCE=1: make it again). Runs on Debian 12;
# root is needed only to install missing tools (NOINSTALL=1: they are there).
set -euo pipefail
ARCH=${1:?usage: build-vm.sh amd64|arm64}
W=${VM_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/bt-scanner-vm}/$ARCH
case $ARCH in
  amd64) QEMU_PKG=qemu-system-x86; TRIPLET=x86_64-linux-gnu ;;
  arm64) QEMU_PKG=qemu-system-arm; TRIPLET=aarch64-linux-gnu ;;
  *) echo "unknown arch $ARCH" >&2; exit 2 ;;
esac
say() { echo "[build-vm $ARCH $(date +%T)] $*" >&2; }

if [ -s "$W/base.cpio" ] && [ -s "$W/vmlinuz" ] && [ "$W/base.cpio" -nt "$0" ] && [ "${FORCE:-0}" = 0 ]; then
  say "up to date: $W"; exit 0
fi
mkdir -p "$W/debs"

# 1. tools on the host ------------------------------------------------------
need="$QEMU_PKG cpio kmod xz-utils"
[ "$ARCH" = arm64 ] && need="$need gcc-12-aarch64-linux-gnu make"   # for hci_vhci.ko, see 4
miss=""
for p in $need; do dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || miss="$miss $p"; done
if [ -n "$miss" ] && [ "${NOINSTALL:-0}" = 0 ]; then
  say "installing$miss"
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $miss >"$W/apt-install.log" 2>&1 \
    || { apt-get update -qq; apt-get install -y --no-install-recommends $miss >"$W/apt-install.log" 2>&1; }
fi

# 2. the packages -----------------------------------------------------------
# A private apt state with its own Architecture: the host's dpkg is not told
# about a foreign architecture, and nothing below is installed on the host.
A=$W/apt; mkdir -p "$A/lists/partial" "$A/cache/archives/partial"; : >"$A/status"
APT="-o Dir::State=$A -o Dir::State::lists=$A/lists -o Dir::State::status=$A/status
     -o Dir::Cache=$A/cache -o APT::Architecture=$ARCH -o APT::Architectures::=$ARCH
     -o APT::Sandbox::User=root -o Acquire::Languages=none"
[ -n "$(ls "$A"/lists/*Packages* 2>/dev/null)" ] || { say "apt lists"; apt-get $APT update -qq; }
KPKG=$(apt-cache $APT depends linux-image-$ARCH | sed -n 's/.*Depends: \(linux-image-[^ :]*\).*/\1/p' | head -1)
KVER=${KPKG#linux-image-}
say "kernel $KVER"
# dpkg -x of a chosen list (not the whole closure: no perl, dpkg, debconf, PAM)
PKGS="busybox-static libc6 libgcc-s1 libstdc++6 libcrypt1 zlib1g libbz2-1.0 liblzma5 libzstd1 liblz4-1
  libreadline8 libtinfo6 libexpat1 libffi8 libcap2 libcap-ng0 libgcrypt20 libgpg-error0 libsystemd0 libudev1
  libselinux1 libpcre2-8-0 libblkid1 libmount1 libglib2.0-0 libdw1 libelf1 libasound2
  libdbus-1-3 dbus-bin dbus-daemon dbus-system-bus-common libapparmor1 libaudit1
  bluez bluez-test-tools
  python3-minimal python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
  mosquitto mosquitto-clients libmosquitto1 libcjson1 libdlt2 libssl3 libwrap0 libnsl2 libtirpc3
  libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1 libcom-err2"
get=""
for p in $PKGS $KPKG; do ls "$W/debs/${p}"_*.deb >/dev/null 2>&1 || get="$get $p"; done
if [ -n "$get" ]; then
  say "downloading $(echo $get | wc -w) packages"
  (cd "$W/debs" && apt-get $APT download -qq $get)
fi

# 3. userland ---------------------------------------------------------------
R=$W/root; rm -rf "$R"; mkdir -p "$R"/usr/{bin,sbin,lib,lib64,libexec}
for d in bin sbin lib; do ln -s usr/$d "$R/$d"; done      # merged /usr, as on Debian
[ "$ARCH" = amd64 ] && ln -s usr/lib64 "$R/lib64"
for p in $PKGS; do
  dpkg-deb --fsys-tarfile "$W/debs/${p}"_*.deb | tar -x --keep-directory-symlink -C "$R"
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

# 4. kernel and modules -----------------------------------------------------
if [ ! -d "$W/kernel/lib/modules/$KVER" ]; then
  say "unpacking $KPKG"; rm -rf "$W/kernel"; dpkg -x "$W/debs/${KPKG}"_*.deb "$W/kernel"
fi
K=$W/kernel
cp "$K/boot/vmlinuz-$KVER" "$W/vmlinuz"; cp "$K/boot/config-$KVER" "$W/config"
# Debian's arm64 kernel has CONFIG_BT=m but NOT CONFIG_BT_HCIVHCI (seen in
# 6.1.0-56-arm64: "# CONFIG_BT_HCIVHCI is not set"), so that one module is
# cross-compiled from linux-source against the stock kernel's headers
# (Module.symvers matches, the kernel itself stays Debian's).
EXTRA=""
if ! grep -q '^CONFIG_BT_HCIVHCI=[ym]' "$W/config"; then
  V=$W/vhci-$KVER
  if [ ! -s "$V/hci_vhci.ko" ]; then
    say "cross-building hci_vhci.ko"
    KB=$W/kb; rm -rf "$KB" "$V"; mkdir -p "$KB" "$V"
    COMMON=linux-headers-${KVER%-*}-common
    (cd "$W/debs" && for p in linux-headers-$KVER $COMMON linux-source-6.1; do
       ls ${p}_*.deb >/dev/null 2>&1 || apt-get $APT download -qq $p; done
     # the build tools in linux-kbuild must be those of the HOST's architecture
     ls linux-kbuild-6.1_*_$(dpkg --print-architecture).deb >/dev/null 2>&1 || apt-get -o APT::Sandbox::User=root download -qq linux-kbuild-6.1)
    for p in linux-headers-$KVER $COMMON linux-kbuild-6.1; do dpkg -x "$W/debs/${p}"_*.deb "$KB"; done
    dpkg-deb --fsys-tarfile "$W/debs"/linux-source-6.1_*.deb | tar -xO ./usr/src/linux-source-6.1.tar.xz \
      | tar -xJ -C "$KB" linux-source-6.1/drivers/bluetooth/hci_vhci.c
    HD=$KB/usr/src/linux-headers-$KVER
    sed -i "s#^include /usr/src#include $KB/usr/src#" "$HD/Makefile"
    cp "$KB/linux-source-6.1/drivers/bluetooth/hci_vhci.c" "$V/"; echo 'obj-m := hci_vhci.o' >"$V/Makefile"
    make -s -C "$HD" M="$V" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc-12 modules >"$V/build.log" 2>&1 \
      || { tail -20 "$V/build.log" >&2; exit 1; }
    aarch64-linux-gnu-strip --strip-debug "$V/hci_vhci.ko"
    rm -rf "$KB"
  fi
  EXTRA="$V/hci_vhci.ko"
fi
M=$R/lib/modules/$KVER; mkdir -p "$M/kernel/drivers/bluetooth"
SRC=$K/lib/modules/$KVER
depmod -b "$K" "$KVER" 2>/dev/null || true
for m in bluetooth hci_vhci virtio_pci virtio_blk virtio_rng \
         ecdh_generic cmac aes_generic ecb drbg jitterentropy_rng hmac sha256_generic sha512_generic ctr ccm gcm ghash_generic af_alg algif_hash algif_skcipher; do
  # (a module that this kernel has built in, or lacks, prints no file)
  { modprobe -d "$K" -S "$KVER" --show-depends "$m" 2>/dev/null || true; } | awk '$1=="insmod"{print $2}'
done | sort -u | while read -r f; do
  rel=${f#"$SRC"/}; mkdir -p "$M/$(dirname "$rel")"; cp "$f" "$M/$rel"
done
[ -n "$EXTRA" ] && cp "$EXTRA" "$M/kernel/drivers/bluetooth/"
cp "$SRC"/modules.{order,builtin,builtin.modinfo} "$M/"
depmod -b "$R" "$KVER"
for m in bluetooth hci_vhci virtio_blk; do
  find "$M" -name "$m.ko" | grep -q . || grep -q "/$m.ko" "$M/modules.builtin" || { say "module $m is missing"; exit 1; }
done

# 5. initramfs --------------------------------------------------------------
# Uncompressed on purpose: under TCG the guest's decompression costs seconds.
(cd "$R" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >"$W/base.cpio.new"
mv "$W/base.cpio.new" "$W/base.cpio"
say "done: vmlinuz $(du -m "$W/vmlinuz" | cut -f1) MB, base.cpio $(du -m "$W/base.cpio" | cut -f1) MB"
