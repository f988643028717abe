import { libcPaths } from "./libc.ts";

/** What the kernel says of a file system. */
export interface FileSystemFacts {
  /** What anybody may still write, in bytes. */
  readonly freeBytes: number;
  /** Whether nothing can be written. */
  readonly isReadOnly: boolean;
}

/** What the kernel knows of the machine, and no file tells. */
export interface KernelFacts {
  /** The file system that a path is on; null: there is no such path, or it may not be looked at. */
  readonly fileSystem: (path: string) => FileSystemFacts | null;
  /** Whether something keeps the clock right, as an NTP client tells the kernel; null: unknown. */
  readonly isClockSynchronized: () => boolean | null;
}

/** Symbols that `run` has no need of. */
const symbols = {
  statvfs: { parameters: ["buffer", "buffer"], result: "i32" },
  adjtimex: { parameters: ["buffer"], result: "i32" },
} as const;

const STATVFS_BYTES = 112;
const FRSIZE = 8, BAVAIL = 32, FLAG = 72;
const ST_RDONLY = 1n;
const TIMEX_BYTES = 208;
const STATUS = 40;
const STA_UNSYNC = 0x40;

/**
 * Asks the kernel through the C library (64 bits, glibc).
 *
 * @see statvfs(3), adjtimex(2)
 */
export function kernelFacts(paths: readonly string[] = libcPaths()): KernelFacts {
  return {
    fileSystem: (path) =>
      asking(paths, (c) => {
        const facts = new DataView(new ArrayBuffer(STATVFS_BYTES));
        if (c.statvfs(new TextEncoder().encode(`${path}\0`), new Uint8Array(facts.buffer)) !== 0) return null;
        const freeBytes = Number(facts.getBigUint64(BAVAIL, true) * facts.getBigUint64(FRSIZE, true));
        return { freeBytes, isReadOnly: (facts.getBigUint64(FLAG, true) & ST_RDONLY) !== 0n };
      }),
    isClockSynchronized: () =>
      asking(paths, (c) => {
        const timex = new DataView(new ArrayBuffer(TIMEX_BYTES)); // modes 0: nothing is changed
        if (c.adjtimex(new Uint8Array(timex.buffer)) < 0) return null;
        return (timex.getInt32(STATUS, true) & STA_UNSYNC) === 0;
      }),
  };
}

type Symbols = Deno.DynamicLibrary<typeof symbols>["symbols"];

/** null: no C library that this process may use. */
function asking<T>(paths: readonly string[], ask: (c: Symbols) => T | null): T | null {
  for (const path of paths) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") continue;
    try {
      const library = Deno.dlopen(path, symbols);
      try {
        return ask(library.symbols);
      } finally {
        library.close();
      }
    } catch {
      // the next one
    }
  }
  return null;
}
