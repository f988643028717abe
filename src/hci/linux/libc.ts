import { HciError } from "../transport.ts";

/**
 * The system calls needed for HCI sockets and for notifying the service manager, and what frees memory. If a call
 * fails, its result is the negated error number, as in the kernel itself; the two that run on another thread return −1
 * instead, because `errno` stays on that thread.
 */
export interface Libc {
  /** socket(2): a file descriptor. */
  socket(domain: number, type: number, protocol: number): number;
  /** bind(2), to a `struct sockaddr_…`. */
  bind(fd: number, address: Uint8Array): number;
  /** connect(2), to a `struct sockaddr_…`. */
  connect(fd: number, address: Uint8Array): number;
  /** setsockopt(2). */
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** getsockopt(2), into `value`. */
  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** ioctl(2), with a number or a structure to read and fill in. */
  ioctl(fd: number, request: number, argument: number | Uint8Array): number;
  /** ioctl(2) on another thread, for requests that wait for a controller. */
  ioctlInBackground(fd: number, request: number, argument: number): Promise<number>;
  /** poll(2) on another thread, without time-out, for one of `struct pollfd fds[]` to be ready. */
  poll(fds: Uint8Array): Promise<number>;
  /** eventfd(2): a file descriptor. */
  eventfd(initial: number, flags: number): number;
  /** open(2): a file descriptor. */
  open(path: string, flags: number): number;
  /** readlink(2): where a symbolic link leads; null where it fails. */
  readlink(path: string): string | null;
  /** memfd_create(2), closed on exec: a file descriptor. */
  memfdCreate(name: string): number;
  /** read(2): the number of bytes. */
  read(fd: number, into: Uint8Array): number;
  /** write(2): the number of bytes. */
  write(fd: number, bytes: Uint8Array): number;
  /** close(2). */
  close(fd: number): number;
  /** madvise(2), MADV_DONTNEED: takes pages from the process; those of a file are read again when they are used. */
  dropPages(address: bigint, bytes: bigint): number;
  /** clock_gettime(2): CLOCK_MONOTONIC, in microseconds, as other programs on this machine see it. */
  monotonicUs(): bigint;
  /** malloc_trim(3): gives freed memory back to the system, as whole pages; where the library has it. */
  trim(): void;
}

/** The C library, for whoever closes it. */
export interface OpenLibc extends Libc, Disposable {}

const pathsByArch: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"],
  aarch64: ["/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"],
};

/**
 * Where the C library may be (Debian, Fedora, Arch), best first; empty if HCI sockets are not supported. Exactly these
 * strings have to be allowed: `--allow-ffi=<the list, with commas>`. A bare `libc.so.6` would be looked for in the
 * working directory once the permission is a list.
 */
export function libcPaths(build: Pick<typeof Deno.build, "os" | "arch"> = Deno.build): readonly string[] {
  return build.os === "linux" ? pathsByArch[build.arch] ?? [] : [];
}

// Variadic ioctl() takes its third argument in the register of a fixed one on both architectures.
const symbols = {
  __errno_location: { parameters: [], result: "pointer" },
  memcpy: { parameters: ["buffer", "pointer", "usize"], result: "void" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  ioctlNumber: { name: "ioctl", parameters: ["i32", "usize", "usize"], result: "i32" },
  ioctlBuffer: { name: "ioctl", parameters: ["i32", "usize", "buffer"], result: "i32" },
  ioctlInBackground: { name: "ioctl", parameters: ["i32", "usize", "usize"], result: "i32", nonblocking: true },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32", optional: true },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32", optional: true },
} as const;

const POLLFD_BYTES = 8;
const MOST_PATH_BYTES = 4_096;
const MFD_CLOEXEC = 1;
const ENOSYS = 38;
const MADV_DONTNEED = 4;
const CLOCK_MONOTONIC = 1;

/**
 * Opens the C library.
 *
 * @throws {HciError} `EAFNOSUPPORT` if there is none to open, `EPERM` without permission for FFI
 */
export function openLibc(paths: readonly string[] = libcPaths()): OpenLibc {
  const library = openFirst(paths);
  const c = library.symbols;
  const errnoAddress = c.__errno_location();
  const errno = new Int32Array(1);
  const errnoBytes = new Uint8Array(errno.buffer);
  const checked = (result: number): number => {
    if (result >= 0) return result;
    // Not through Deno.UnsafePointerView: that needs permission for all of FFI, a list is not enough.
    c.memcpy(errnoBytes, errnoAddress, 4n);
    return -(errno[0] ?? 0);
  };
  return {
    socket: (domain, type, protocol) => checked(c.socket(domain, type, protocol)),
    bind: (fd, address) => checked(c.bind(fd, address, address.length)),
    connect: (fd, address) => checked(c.connect(fd, address, address.length)),
    setsockopt: (fd, level, name, value) => checked(c.setsockopt(fd, level, name, value, value.length)),
    getsockopt: (fd, level, name, value) => checked(c.getsockopt(fd, level, name, value, Uint32Array.of(value.length))),
    ioctl: (fd, request, argument) =>
      checked(
        typeof argument === "number"
          ? c.ioctlNumber(fd, BigInt(request), BigInt(argument))
          : c.ioctlBuffer(fd, BigInt(request), argument),
      ),
    ioctlInBackground: (fd, request, argument) => c.ioctlInBackground(fd, BigInt(request), BigInt(argument)),
    poll: (fds) => c.poll(fds, BigInt(fds.length / POLLFD_BYTES), -1),
    eventfd: (initial, flags) => checked(c.eventfd(initial, flags)),
    open: (path, flags) => checked(c.open(cString(path), flags)),
    readlink(path) {
      const target = new Uint8Array(MOST_PATH_BYTES);
      const length = Number(c.readlink(cString(path), target, BigInt(target.length)));
      return length < 0 ? null : new TextDecoder().decode(target.subarray(0, length));
    },
    memfdCreate: (name) => c.memfd_create === null ? -ENOSYS : checked(c.memfd_create(cString(name), MFD_CLOEXEC)),
    read: (fd, into) => checked(Number(c.read(fd, into, BigInt(into.length)))),
    write: (fd, from) => checked(Number(c.write(fd, from, BigInt(from.length)))),
    close: (fd) => checked(c.close(fd)),
    dropPages: (address, bytes) => checked(c.madvise(address, bytes, MADV_DONTNEED)),
    monotonicUs() {
      const [seconds, nanoseconds] = [0, 1];
      const timespec = new BigInt64Array(2);
      checked(c.clock_gettime(CLOCK_MONOTONIC, new Uint8Array(timespec.buffer)));
      return (timespec[seconds] ?? 0n) * 1_000_000n + (timespec[nanoseconds] ?? 0n) / 1_000n;
    },
    trim: () => void c.malloc_trim?.(0n),
    [Symbol.dispose]: () => library.close(),
  };
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** Asks for permission first, so that nobody is prompted for a path that may not even exist. */
function openFirst(paths: readonly string[]): Deno.DynamicLibrary<typeof symbols> {
  if (paths.length === 0) {
    throw new HciError(
      "EAFNOSUPPORT",
      `Cannot open a Bluetooth adapter on ${Deno.build.os} ${Deno.build.arch}: only Linux on x86-64 and ARM64 is ` +
        "supported; use --source simulate or replay",
    );
  }
  const allowed = paths.filter((path) => Deno.permissions.querySync({ name: "ffi", path }).state === "granted");
  if (allowed.length === 0) {
    throw new HciError(
      "EPERM",
      `Cannot open the C library: Deno's permission is missing; run with --allow-ffi=${paths.join(",")}`,
    );
  }
  let cause: unknown;
  for (const path of allowed) {
    try {
      return Deno.dlopen(path, symbols);
    } catch (error) {
      cause = error;
    }
  }
  throw new HciError(
    "EAFNOSUPPORT",
    `Cannot open the C library: none of ${allowed.join(", ")} can be loaded; install glibc, ` +
      "or use --source simulate or replay",
    { cause },
  );
}
