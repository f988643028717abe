import type { LinuxHost } from "../hci/mod.ts";
import type { MemoryUse } from "../status/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { MemoryGiver } from "./giving_back.ts";

/** The process and its machine: all that the program asks of them, so that a test can answer in their place. */
export interface Host {
  /** All environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The number of this process. */
  readonly pid: number;
  /** Time. */
  readonly clock: Clock;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  /** Reads a file whole. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Opens a file, to be read as it is needed. */
  readonly openFile: (path: string) => Promise<ReadableStream<Uint8Array>>;
  /**
   * Puts a file in place of the last one, whole: whoever reads meanwhile sees one or the other. Everybody may read it.
   */
  readonly replaceFile: (path: string, text: string) => Promise<void>;
  /** Removes a file. */
  readonly removeFile: (path: string) => Promise<void>;
  /** The memory that the process holds. */
  readonly memory: () => MemoryUse;
  /** Gives back memory that is not in use, at once; null: the runtime does as it sees fit. */
  readonly memoryGiver: MemoryGiver | null;
  /** The kernel's Bluetooth, and its C library. */
  readonly linux: LinuxHost;
}
