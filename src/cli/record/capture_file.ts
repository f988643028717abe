import { type BtsnoopRecord, encodeBtsnoopHeader, encodeBtsnoopRecord } from "../../hci/mod.ts";

/** What a {@linkcode CaptureFile} writes to. */
export interface Writable extends Disposable {
  /** Writes some of the bytes, and returns how many. */
  writeSync(bytes: Uint8Array): number;
  /** Cuts it; does nothing where it is no file. */
  truncateSync(length: number): void;
}

/**
 * A btsnoop capture as it is written. Each packet is handed to the system as it comes: whatever ends
 * the program, the file holds all before that.
 */
export class CaptureFile {
  #packets = 0;
  /** Length up to the last whole record. */
  #length = 0;
  #failure: Error | null = null;

  /**
   * @param onFailure called once, where something cannot be written
   */
  constructor(private readonly file: Writable, private readonly onFailure: () => void) {}

  /** How many packets are in it. */
  get packets(): number {
    return this.#packets;
  }

  /** Why it could not be written on; null: it could. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Adds a packet; nothing after a failure. Never throws. */
  put(record: Omit<BtsnoopRecord, "truncated">): void {
    if (this.#failure !== null) return;
    try {
      if (this.#packets === 0) this.#begin();
      this.#write(encodeBtsnoopRecord(record));
      this.#packets++;
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** What the file held before is lost only now that there is something to take its place. */
  #begin(): void {
    this.file.truncateSync(0);
    this.#write(encodeBtsnoopHeader());
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.file.writeSync(bytes.subarray(at));
    this.#length += bytes.length;
  }

  #fail(failure: Error): void {
    this.#failure = failure;
    try {
      this.file.truncateSync(this.#length); // half a record at the end would be an error to its reader
    } catch {
      // Then its reader is told so.
    }
    this.onFailure();
  }
}

/**
 * Opens a file for a capture; `-` is standard output. Closed, it is gone again where nothing was
 * written to it.
 *
 * @throws {Error} where it cannot be written, or is there already and not to be overwritten
 */
export function openCapture(path: string, overwrite: boolean): Writable {
  if (path === "-") return standardOutput();
  const file = Deno.openSync(path, overwrite ? { write: true, create: true } : { write: true, createNew: true });
  const { isFile } = file.statSync();
  return {
    writeSync: (bytes) => file.writeSync(bytes),
    truncateSync: (length) => void (isFile && file.truncateSync(length)),
    [Symbol.dispose]() {
      const isEmpty = isFile && file.statSync().size === 0;
      file.close();
      if (isEmpty) Deno.removeSync(path);
    },
  };
}

function standardOutput(): Writable {
  if (Deno.stdout.isTerminal()) throw new Error("a capture is not text; redirect standard output");
  return { writeSync: (bytes) => Deno.stdout.writeSync(bytes), truncateSync: () => {}, [Symbol.dispose]: () => {} };
}
