import { type LinuxHost, linuxHost, readText } from "../hci/mod.ts";

/** The name of this machine, as the kernel has it; null where it cannot be read. */
export function readHostname({ openLibc }: Pick<LinuxHost, "openLibc"> = linuxHost): string | null {
  try {
    using libc = openLibc();
    return readText(libc, "/proc/sys/kernel/hostname")?.trim() || null;
  } catch {
    return null; // no C library that this process may use
  }
}
