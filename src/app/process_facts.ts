import { type Libc, type LinuxHost, readText } from "../hci/mod.ts";

/** What the kernel knows of this process. */
export interface ProcessFacts extends Disposable {
  /** The text of a system file; null: it cannot be read. */
  readonly readSystemText: (path: string) => string | null;
  /** How many descriptors are open; null: nobody knows. */
  readonly openFiles: () => Promise<number | null>;
}

/** Asks the kernel through the C library; where there is none, nothing is known. */
export function processFacts({ openLibc }: Pick<LinuxHost, "openLibc">): ProcessFacts {
  try {
    const libc = openLibc();
    return {
      readSystemText: (path) => readText(libc, path),
      openFiles: () => countOpenFiles(libc),
      [Symbol.dispose]: () => libc[Symbol.dispose](),
    };
  } catch {
    return { readSystemText: () => null, openFiles: () => Promise.resolve(null), [Symbol.dispose]() {} };
  }
}

/** `struct pollfd { int fd; short events; short revents; }` */
const POLLFD_BYTES = 8;
const POLLNVAL = 0x20;
/** Numbers are given out from below; no more than a process may have at least, or poll(2) refuses. */
const MOST_FILES = 1023;
/** A number that is never open, so that poll(2) does not wait. */
const NO_FILE = 0x7fff_ffff;

/** Deno may not list `/proc/self/fd`; poll(2) tells of each number whether it is open, in one call. */
async function countOpenFiles(libc: Pick<Libc, "poll">): Promise<number | null> {
  const fds = new DataView(new ArrayBuffer((MOST_FILES + 1) * POLLFD_BYTES));
  for (let fd = 0; fd < MOST_FILES; fd++) fds.setInt32(fd * POLLFD_BYTES, fd, true);
  fds.setInt32(MOST_FILES * POLLFD_BYTES, NO_FILE, true);
  if (await libc.poll(new Uint8Array(fds.buffer)) < 0) return null;
  let open = 0;
  for (let fd = 0; fd < MOST_FILES; fd++) {
    if ((fds.getInt16(fd * POLLFD_BYTES + 6, true) & POLLNVAL) === 0) open++;
  }
  return open;
}
