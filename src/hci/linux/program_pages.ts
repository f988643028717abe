import type { Libc } from "./libc.ts";
import { readText } from "./read_text.ts";

/**
 * What of a file the process can read or run, but not write: its code, and the constants at its beginning. Constants
 * with addresses in them are further back in the file, were written to by the loader, and could not be read again.
 *
 *     55e0a0000000-55e0a1b85000 r--p 00000000 fe:00 131074   /usr/bin/program
 */
const UNCHANGED = /^([0-9a-f]+)-([0-9a-f]+) (?:r-xp [0-9a-f]+|r--p 0+) \S+ \d+ +\//;

/**
 * Takes those pages of program files from the process that are as the files have them: what is still used comes back
 * by itself, from the system's cache of files. Much of what the start needed never is.
 *
 * @returns the number of bytes that were mapped; 0 where `/proc` cannot be read
 */
export function dropProgramPages(libc: Libc): number {
  let bytes = 0n;
  for (const line of readText(libc, "/proc/self/maps")?.split("\n") ?? []) {
    const [, from, to] = UNCHANGED.exec(line) ?? [];
    if (from === undefined || to === undefined) continue;
    const address = BigInt(`0x${from}`);
    const length = BigInt(`0x${to}`) - address;
    if (libc.dropPages(address, length) === 0) bytes += length;
  }
  return Number(bytes);
}
