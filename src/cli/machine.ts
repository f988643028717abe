import { type LinuxHost, readText } from "../hci/mod.ts";

/** Which machine this is, and which of its lives. */
export interface Machine {
  /** Its name, as the kernel has it; null: it cannot be read. */
  readonly hostname: string | null;
  /** What the kernel calls this boot; null: it cannot be read. */
  readonly bootId: string | null;
}

/** Reads it through the C library: Deno leaves `/proc` only to programs with all permissions. */
export function readMachine({ openLibc }: Pick<LinuxHost, "openLibc">): Machine {
  try {
    using libc = openLibc();
    const read = (path: string) => readText(libc, path)?.trim() || null;
    return { hostname: read("/proc/sys/kernel/hostname"), bootId: read("/proc/sys/kernel/random/boot_id") };
  } catch {
    return { hostname: null, bootId: null }; // no C library that this process may use
  }
}
