#!/bin/bash
# run-vm.sh ARCH FOLDER 'COMMAND'
#
# Boots the VM that build-vm.sh and build-kernel.sh made, with a copy of FOLDER as /job/files (the
# working directory), brings up fake Bluetooth controllers, runs COMMAND (sh) as
# root, prints its output, powers off, exits with its exit code.
#   124: the VM ran past VM_TIMEOUT   125: the VM ended without an exit code
#   126: the controllers did not come up, COMMAND was not run
# What the command leaves in $JOB_OUT (/job/out) lands in $VM_OUT, with the
# kernel's messages (dmesg.txt) and the controllers' log (controller.log).
# Settings (environment):
#   VM_KERNEL=6.1  6.12, 6.12-16k: see build-kernel.sh
#   VM_BT=fake     hci0 is vhci_controller.py, VM_FAKE_ARGS its options (default)
#         btvirt   hci0 and hci1 are BlueZ's own emulator and hear each other
#         none     no controller (the command may start its own)
#   VM_INIT=systemd  Debian's systemd runs COMMAND, as a unit (needs build-systemd.sh); default: busybox
#   VM_APT=1       apt and dpkg are there (needs build-apt.sh)
#   VM_UP=1        power the controllers up before COMMAND; 0: leave them down
#   VM_MEM=1024 MiB   VM_SMP=2   VM_TIMEOUT=300 seconds   VM_OUT=./vm-out
#   VM_ACCEL=tcg,thread=multi    QEMU's accelerator; kvm is faster where it works
#   VM_VERBOSE=1   show the kernel's messages and the @@ lines
set -euo pipefail
ARCH=${1:?usage: run-vm.sh ARCH FOLDER COMMAND}; FOLDER=${2:?folder}; CMD=${3:?command}
HERE=$(cd "$(dirname "$0")" && pwd)
W=${VM_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/bt-scanner-vm}/$ARCH
VM_TIMEOUT=${VM_TIMEOUT:-300}; VM_OUT=${VM_OUT:-$PWD/vm-out}; VM_VERBOSE=${VM_VERBOSE:-0}; VM_FAKE_ARGS=${VM_FAKE_ARGS:-}
K=$W/kernel-${VM_KERNEL:=6.1}
for F in "$W/user.cpio" "$K/modules.cpio"; do
  [ -s "$F" ] || { echo "no $F: run build-vm.sh $ARCH and build-kernel.sh $ARCH $VM_KERNEL first" >&2; exit 125; }
done
case $ARCH in
  amd64) QEMU="qemu-system-x86_64 -M q35 -cpu max"; CONSOLE=ttyS0 ;;
  arm64) QEMU="qemu-system-aarch64 -M virt -cpu cortex-a76"; CONSOLE=ttyAMA0 ;;
esac

# the job's own cpio, appended to user space and modules (the kernel unpacks them all)
T=$(mktemp -d "${TMPDIR:-/tmp}/run-vm.XXXXXX"); trap 'rm -rf "$T"' EXIT
mkdir -p "$T/j/job/out"
cp -a --reflink=auto "$FOLDER" "$T/j/job/files"
cp "$HERE/vhci_controller.py" "$T/j/job/"
install -m 755 "$HERE/guest-init" "$T/j/init"
printf '%s\n' "$CMD" >"$T/j/job/cmd"
printf '%s\n' "VM_BT=${VM_BT:-fake}" "VM_UP=${VM_UP:-1}" "VM_INIT=${VM_INIT:-}" "VM_FAKE_ARGS=${VM_FAKE_ARGS@Q}" >"$T/j/job/env"
OVERLAY=(); [ "${VM_INIT:-}" != systemd ] || OVERLAY+=("$W/systemd.cpio"); [ "${VM_APT:-}" != 1 ] || OVERLAY+=("$W/apt.cpio")
(cd "$T/j" && find init job | cpio -o -H newc -R 0:0 --quiet) | cat "$W/user.cpio" "$K/modules.cpio" "${OVERLAY[@]}" - >"$T/initrd"
truncate -s 256M "$T/out.img"       # sparse; the guest writes its tar here

LOG="quiet loglevel=3"; [ "$VM_VERBOSE" = 1 ] && LOG="loglevel=7"
show() { # what the job printed, without the rest of the console
  sed -u 's/\r//g' | if [ "$VM_VERBOSE" = 1 ]; then cat; else
    sed -u -n '/^@@begin/,/^@@end/{/^@@/!p}; /^@@\(no\|modprobe\|hci\)/p; /Kernel panic/p'; fi
}
set +e
timeout -k 5 "$VM_TIMEOUT" $QEMU -accel "${VM_ACCEL:-tcg,thread=multi}" -smp "${VM_SMP:-2}" -m "${VM_MEM:-1024}" \
  -nodefaults -no-user-config -display none -no-reboot -nic none -serial stdio \
  -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng \
  -drive if=none,id=o,format=raw,file="$T/out.img",cache=unsafe -device virtio-blk-pci,drive=o \
  -kernel "$K/vmlinuz" -initrd "$T/initrd" -append "console=$CONSOLE $LOG panic=-1 random.trust_cpu=1" \
  </dev/null 2>"$T/qemu.err" | show
STATUS=${PIPESTATUS[0]}; set -e
cat "$T/qemu.err" >&2
rm -rf "$VM_OUT"; mkdir -p "$VM_OUT"
tar -xf "$T/out.img" -C "$VM_OUT" 2>/dev/null || true
if [ "$STATUS" = 124 ] || [ "$STATUS" = 137 ]; then echo "[run-vm] stopped after VM_TIMEOUT=$VM_TIMEOUT s" >&2; exit 124; fi
[ -s "$VM_OUT/rc" ] || { echo "[run-vm] the VM ended without an exit code" >&2; exit 125; }
RC=$(cat "$VM_OUT/rc"); mv "$VM_OUT"/out/* "$VM_OUT"/; rm -r "$VM_OUT/rc" "$VM_OUT/out"
exit "$RC"
