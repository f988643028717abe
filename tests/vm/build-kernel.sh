#!/bin/bash
# build-kernel.sh ARCH KERNEL      (ARCH = amd64 | arm64)
#
# KERNEL   6.1       Debian 12's
#          6.12      Debian 13's
#          6.12-16k  Debian 13's with pages of 16 KiB, as on a Raspberry Pi 5 (arm64 only)
# Makes $VM_WORK/ARCH/kernel-KERNEL/vmlinuz, the stock image, and modules.cpio, an initramfs of its Bluetooth modules.
# What is up to date is not made again (FORCE=1: make it again).
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../../scripts/debian/apt.sh"
ARCH=${1:?usage: build-kernel.sh ARCH KERNEL}; KERNEL=${2:?usage: build-kernel.sh ARCH KERNEL}
case $KERNEL in
  6.1) RELEASE=12 IMAGE=linux-image-$ARCH ;;
  6.12) RELEASE=13 IMAGE=linux-image-$ARCH ;;
  6.12-16k) RELEASE=13 IMAGE=linux-image-$ARCH-16k
    [ "$ARCH" = arm64 ] || { echo "kernel $KERNEL is for arm64" >&2; exit 2; } ;;
  *) echo "unknown kernel $KERNEL: it may be 6.1, 6.12 or 6.12-16k" >&2; exit 2 ;;
esac
WORK=${VM_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/bt-scanner-vm}/$ARCH
W=$WORK/kernel-$KERNEL
mkdir -p "$W" "$WORK/debs-$RELEASE"
exec 9>"$WORK/lock"; flock 9
if up_to_date "$W/modules.cpio" "$0"; then exit 0; fi
say() { echo "[build-kernel $ARCH $KERNEL $(date +%T)] $*" >&2; }

install_tools cpio kmod xz-utils
debian "$RELEASE" "$ARCH" "$WORK/apt-$RELEASE"
DEBS=$WORK/debs-$RELEASE
PACKAGE=$(apt-cache "${APT[@]}" depends "$IMAGE" | sed -n 's/.*Depends: \(linux-image-[^ :]*\).*/\1/p' | head -1)
VERSION=${PACKAGE#linux-image-}
SOURCE=${KERNEL%-16k}                                # of linux-source
say "$VERSION"
download "$DEBS" "$PACKAGE"
K=$W/kernel; rm -rf "$K"
mkdir -p "$K/usr/lib"; ln -s usr/lib "$K/lib"         # Debian 13's packages keep to merged /usr, Debian 12's do not
dpkg-deb --fsys-tarfile "$DEBS/${PACKAGE}"_*.deb |
  tar -x --keep-directory-symlink -C "$K" --exclude='*/kernel/'{fs,sound,drivers/{gpu,media,net,scsi,staging,usb,iio,hwmon}}
depmod -b "$K" "$VERSION"

# Debian's arm64 kernel has CONFIG_BT=m but not CONFIG_BT_HCIVHCI, so that one module is cross-compiled against the
# stock kernel's headers (Module.symvers matches, the kernel itself stays Debian's).
build_vhci() {
  local B=$W/build MODULE=$W/vhci COMMON=linux-headers-${VERSION%-"${IMAGE#linux-image-}"}-common KBUILD H
  case $RELEASE in 12) KBUILD=linux-kbuild-$SOURCE ;; *) KBUILD=linux-kbuild-${VERSION%-"${IMAGE#linux-image-}"} ;; esac
  say "cross-building hci_vhci.ko"
  install_tools gcc-12-aarch64-linux-gnu make
  rm -rf "$B" "$MODULE"; mkdir -p "$B" "$MODULE"
  download "$DEBS" "linux-headers-$VERSION" "$COMMON" "linux-source-$SOURCE"
  # the tools in linux-kbuild must be those of the host's architecture
  if [ "$RELEASE" = 12 ]; then (APT=(-o APT::Sandbox::User=root); download "$DEBS" "$KBUILD")
  else download "$DEBS" "$KBUILD:$(dpkg --print-architecture)"; fi
  for p in "linux-headers-$VERSION" "$COMMON" "$KBUILD"; do dpkg -x "$DEBS/${p}"_*.deb "$B"; done
  [ "$RELEASE" = 12 ] || wrap_modpost "$B"
  # (reading ends with the file that is looked for, and breaks the pipes)
  { dpkg-deb --fsys-tarfile "$DEBS/linux-source-$SOURCE"_*.deb 2>/dev/null |
    tar -xO --occurrence=1 "./usr/src/linux-source-$SOURCE.tar.xz" 2>/dev/null |
    tar -xJO --occurrence=1 "linux-source-$SOURCE/drivers/bluetooth/hci_vhci.c" >"$MODULE/hci_vhci.c"; } || true
  echo 'obj-m := hci_vhci.o' >"$MODULE/Makefile"
  H=$B/usr/src/linux-headers-$VERSION
  sed -i "s#^include /usr/src#include $B/usr/src#" "$H/Makefile"
  # an option of the gcc that Debian 13 builds with, and its pahole: the module does without
  sed -i '/^CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=/d; /^CONFIG_DEBUG_INFO_BTF_MODULES=/d' "$H/include/config/auto.conf"
  make -s -C "$H" M="$MODULE" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc-12 modules \
    >"$MODULE/build.log" 2>&1 || { tail -20 "$MODULE/build.log" >&2; exit 1; }
  aarch64-linux-gnu-strip --strip-debug "$MODULE/hci_vhci.ko"
  cp "$MODULE/hci_vhci.ko" "$M/kernel/drivers/bluetooth/"
  rm -rf "$B"
}

# Debian 13's modpost needs its own C library, and that its own loader.
wrap_modpost() {
  local HOST FOLDER=$1/libc PROGRAM
  HOST=$(dpkg --print-architecture)
  download "$DEBS" "libc6:$HOST"
  dpkg -x "$DEBS"/libc6_*_"$HOST".deb "$FOLDER"
  PROGRAM=$(echo "$1"/usr/lib/linux-kbuild-*/scripts/mod/modpost.real-lsb-64)
  mv "$PROGRAM" "$PROGRAM.elf"
  printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$FOLDER"/usr/lib/*/ld-linux-*.so.* \
    "$(dirname "$FOLDER"/usr/lib/*/libc.so.6)" "$PROGRAM.elf" >"$PROGRAM"
  chmod 755 "$PROGRAM"
}

R=$W/modules; rm -rf "$R"; mkdir -p "$R/usr/lib"; ln -s usr/lib "$R/lib"
M=$R/usr/lib/modules/$VERSION; mkdir -p "$M/kernel/drivers/bluetooth"
FROM=$K/lib/modules/$VERSION
for m in bluetooth hci_vhci virtio_pci virtio_blk virtio_rng \
         ecdh_generic cmac aes_generic ecb drbg jitterentropy_rng hmac sha256_generic sha512_generic ctr ccm gcm ghash_generic af_alg algif_hash algif_skcipher; do
  # (a module that this kernel has built in, or lacks, prints no file)
  { modprobe -d "$K" -S "$VERSION" --show-depends "$m" 2>/dev/null || true; } | awk '$1=="insmod"{print $2}'
done | sort -u | while read -r f; do
  rel=${f#"$FROM"/}; mkdir -p "$M/$(dirname "$rel")"; cp "$f" "$M/$rel"
done
find "$M" -name '*.ko.xz' -exec xz -d {} +
grep -q '^CONFIG_BT_HCIVHCI=[ym]' "$K/boot/config-$VERSION" || build_vhci
cp "$FROM"/modules.{order,builtin,builtin.modinfo} "$M/"
depmod -b "$R" "$VERSION"
for m in bluetooth hci_vhci virtio_blk; do
  find "$M" -name "$m.ko" | grep -q . || grep -q "/$m.ko" "$M/modules.builtin" || { say "module $m is missing"; exit 1; }
done
rm "$R/lib"                                           # the user space has it already
cp "$K/boot/vmlinuz-$VERSION" "$W/vmlinuz"
archive "$R" "$W/modules.cpio" "$0"
rm -rf "$K" "$R"
say "done: vmlinuz $(du -m "$W/vmlinuz" | cut -f1) MB, modules.cpio $(du -m "$W/modules.cpio" | cut -f1) MB"
