import { HciError, type HciErrorCode } from "../transport.ts";

/** Linux error numbers, the same on x86-64 and ARM64 (`asm-generic/errno.h`). */
export const EPERM = 1;
export const EINTR = 4;
export const EIO = 5;
export const EAGAIN = 11;
export const EACCES = 13;
export const EBUSY = 16;
export const ENODEV = 19;
export const EPIPE = 32;
export const EUSERS = 87;
export const EPROTONOSUPPORT = 93;
export const EAFNOSUPPORT = 97;
export const ENETDOWN = 100;
export const ETIMEDOUT = 110;
export const EALREADY = 114;
export const ERFKILL = 132;

interface Cause {
  readonly code: HciErrorCode;
  readonly reason: string;
  readonly remedy: (adapter: string) => string;
}

const notAllowed: Cause = {
  code: "EPERM",
  reason: "permission denied (CAP_NET_RAW and CAP_NET_ADMIN are needed)",
  remedy: () =>
    "run it as the systemd service, with sudo, or with setpriv (docs/commands.md, Permissions), or grant them to the " +
    'executable with `sudo setcap cap_net_raw,cap_net_admin+eip "$(command -v bt-scanner)"`',
};
const gone: Cause = { code: "ENODEV", reason: "the adapter is gone", remedy: () => "plug it back in" };
const noBluetooth: Cause = {
  code: "EAFNOSUPPORT",
  reason: "Bluetooth sockets are not available",
  remedy: () =>
    "load the kernel's support with `sudo modprobe bluetooth`, give a container the host's network, " +
    "allow a service AF_BLUETOOTH, or use --source simulate or replay",
};
const busy: Cause = {
  code: "EBUSY",
  reason: "the adapter is in use",
  remedy: (adapter) =>
    `power it down with \`sudo hciconfig ${adapter} down\` and stop whatever else uses it (\`sudo systemctl stop bluetooth\`)`,
};
const blocked: Cause = {
  code: "ERFKILL",
  reason: "blocked by rfkill",
  remedy: () => "unblock it with `rfkill unblock bluetooth`",
};
const down: Cause = {
  code: "ENETDOWN",
  reason: "the adapter is powered down",
  remedy: (adapter) => `power it up with \`bluetoothctl power on\` or \`sudo hciconfig ${adapter} up\``,
};
const silent: Cause = {
  code: "EIO",
  reason: "the controller does not answer",
  remedy: () => "unplug it and plug it back in, or power-cycle the machine",
};

const causes: ReadonlyMap<number, Cause> = new Map([
  [EPERM, notAllowed],
  [EACCES, notAllowed],
  [ENODEV, gone],
  [EPIPE, gone],
  [EAFNOSUPPORT, noBluetooth],
  [EPROTONOSUPPORT, noBluetooth],
  [EBUSY, busy],
  [EUSERS, busy],
  [ERFKILL, blocked],
  [ENETDOWN, down],
  [ETIMEDOUT, silent],
]);

/**
 * The error for a failed system call.
 *
 * @param action what was tried, as in "open"
 * @param object what with, as in "hci0"
 * @param errno the system's error number, positive
 * @param remedy what to do about it, if the caller knows better than the error number
 */
export function hciError(action: string, object: string, errno: number, remedy?: string): HciError {
  const { code, reason, remedy: usualRemedy } = causes.get(errno) ??
    { code: "EIO", reason: `error ${errno}`, remedy: () => "see `dmesg | grep -i bluetooth`" };
  return new HciError(code, `Cannot ${action} ${object}: ${reason}; ${remedy ?? usualRemedy(object)}`);
}
