import { type LinuxHost, readText } from "../hci/mod.ts";

/** Which machine this is, and which of its boots. */
export interface Machine {
  /** Its name, according to the kernel; null: it cannot be read. */
  readonly hostname: string | null;
  /** The kernel's identifier for this boot; null: it cannot be read. */
  readonly bootId: string | null;
}

/** Reads through the C library, because Deno gives access to `/proc` only to programs with all permissions. */
export function readMachine({ openLibc }: Pick<LinuxHost, "openLibc">): Machine {
  try {
    using libc = openLibc();
    const read = (path: string) => readText(libc, path)?.trim() || null;
    return { hostname: read("/proc/sys/kernel/hostname"), bootId: read("/proc/sys/kernel/random/boot_id") };
  } catch {
    return { hostname: null, bootId: null }; // no C library that this process may use
  }
}
