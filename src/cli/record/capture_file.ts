import { type BtsnoopRecord, encodeBtsnoopHeader, encodeBtsnoopRecord } from "../../hci/mod.ts";

/** What a {@linkcode CaptureFile} writes to. */
export interface Writable extends Disposable {
  /** Writes some of the bytes, and returns how many. */
  writeSync(bytes: Uint8Array): number;
  /** Truncates it; does nothing if it is not a regular file. */
  truncateSync(length: number): void;
}

/**
 * A btsnoop capture that is being written. Each packet is handed to the system as it comes: whatever ends the program,
 * the file holds everything up to that point.
 */
export class CaptureFile {
  #packets = 0;
  /** Length up to the last whole record. */
  #length = 0;
  #failure: Error | null = null;

  /** @param onFailure called once, if something cannot be written */
  constructor(private readonly file: Writable, private readonly onFailure: () => void) {}

  /** How many packets are in it. */
  get packets(): number {
    return this.#packets;
  }

  /** Why writing failed; null: it has not. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Adds a packet; does nothing after a failure. Never throws. */
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

  /** The file's previous content is lost only now that there is something to replace it. */
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
      this.file.truncateSync(this.#length); // half a record at the end would be an error for readers
    } catch {
      // Then readers will report it.
    }
    this.onFailure();
  }
}

/**
 * Opens a file for a capture; `-` is standard output. If nothing has been written when it is closed, it is removed
 * again.
 *
 * @throws {Error} if it cannot be written, or already exists and must not be overwritten
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
