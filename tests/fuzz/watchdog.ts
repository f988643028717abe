import { type Input, inputToText } from "./input.ts";

/** What the watching thread is given. */
export interface Watched {
  /** How many inputs were begun, length of the last one's text; then the text. */
  readonly memory: SharedArrayBuffer;
}

/** Where things are in the memory: two counts of 32 bits, then bytes of text. */
export const [BEGUN, LENGTH, TEXT_AT] = [0, 1, 8] as const;
const MEMORY_BYTES = 1_048_576;

/**
 * An input on which the program hangs can only be seen from outside: a thread of its own knows the
 * last one, and where it takes 20 s, keeps it as a finding and ends the process.
 */
export class Watchdog implements Disposable {
  readonly #memory = new SharedArrayBuffer(MEMORY_BYTES);
  readonly #counts = new Int32Array(this.#memory, 0, 2);
  readonly #text = new Uint8Array(this.#memory, TEXT_AT);
  readonly #encoder = new TextEncoder();
  readonly #worker = new Worker(new URL("./watchdog_thread.ts", import.meta.url), { type: "module" });

  constructor() {
    const watched: Watched = { memory: this.#memory };
    this.#worker.postMessage(watched);
  }

  /** This input is executed next. */
  begin(target: string, input: Input): void {
    // `encodeInto` does not write to shared memory.
    const bytes = this.#encoder.encode(inputToText(input, [target])).subarray(0, this.#text.length);
    this.#text.set(bytes);
    Atomics.store(this.#counts, LENGTH, bytes.length);
    Atomics.add(this.#counts, BEGUN, 1);
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
