/** The system calls that a notification needs; where one fails its result is the error number, negated. */
export interface NotifyCalls {
  /** socket(2): a file descriptor. */
  socket(domain: number, type: number, protocol: number): number;
  /** connect(2), to a `struct sockaddr_…`. */
  connect(fd: number, address: Uint8Array): number;
  /** write(2): the number of bytes. */
  write(fd: number, bytes: Uint8Array): number;
  /** close(2). */
  close(fd: number): number;
}

/** What a service manager has asked of this process. */
export interface NotifySettings {
  /** Where it listens: an absolute path, or `@` and a name outside the file system. */
  readonly socket: string;
  /** It ends this process after so many milliseconds without a sign of life; null: it does not watch. */
  readonly watchdogMs: number | null;
}

/**
 * Reads what a service manager says through the environment; null where there is none.
 *
 * @param pid of this process: a watchdog that is meant for another one is not ours to feed
 * @see sd_notify(3), sd_watchdog_enabled(3)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readNotifySettings } from "./notify.ts";
 *
 * const env = { NOTIFY_SOCKET: "/run/systemd/notify", WATCHDOG_USEC: "30000000", WATCHDOG_PID: "42" };
 * assert.deepEqual(readNotifySettings(env, 42), { socket: "/run/systemd/notify", watchdogMs: 30_000 });
 * assert.equal(readNotifySettings({}, 42), null);
 * ```
 */
export function readNotifySettings(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): NotifySettings | null {
  const { NOTIFY_SOCKET: socket = "", WATCHDOG_USEC: microseconds = "", WATCHDOG_PID: watched } = env;
  if (!/^[/@]./.test(socket)) return null;
  const isForUs = watched === undefined || watched === String(pid);
  const watchdogMs = isForUs && /^\d+$/.test(microseconds) ? Number(microseconds) / 1000 : 0;
  return { socket, watchdogMs: watchdogMs > 0 ? watchdogMs : null };
}

const AF_UNIX = 1;
/** SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC: a service manager that is busy must not hold up the scan. */
const SOCKET_TYPE = 2 | 0o4000 | 0o2000000;

/**
 * Sends one notification, without waiting; each through a socket of its own, as the manager may make
 * its own anew.
 *
 * @returns the error number, negated, where it could not be sent
 * @see unix(7)
 */
export function sendNotification(calls: NotifyCalls, socket: string, message: string): number {
  const fd = calls.socket(AF_UNIX, SOCKET_TYPE, 0);
  if (fd < 0) return fd;
  const connected = calls.connect(fd, unixAddress(socket));
  const result = connected < 0 ? connected : calls.write(fd, new TextEncoder().encode(message));
  calls.close(fd);
  return result;
}

/** `struct sockaddr_un`, without a NUL at the end: in a name outside the file system it would count. */
function unixAddress(socket: string): Uint8Array {
  const path = new TextEncoder().encode(socket.replace(/^@/, "\0"));
  const address = new Uint8Array(2 + path.length);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(path, 2);
  return address;
}
