/** Takes bytes, as `Deno.stderr` does. */
export interface ByteOutput {
  /** Writes some of the bytes, and resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Writes lines without ever making the caller wait, even if the output has stalled (a journal that hangs, a terminal
 * that is paused). What waits is bounded; beyond that, lines are refused.
 */
export class LineWriter {
  #pending: string[] = [];
  /** Characters taken and not yet written. */
  #characters = 0;
  #writing: Promise<void> | null = null;

  /** Writes to `output`, at most `mostCharacters` waiting at any time. */
  constructor(private readonly output: ByteOutput, private readonly mostCharacters = 262_144) {}

  /** Takes a line, line feed included; false: too much is waiting, this line is lost. */
  write(line: string): boolean {
    if (this.#characters + line.length > this.mostCharacters) return false;
    this.#pending.push(line);
    this.#characters += line.length;
    this.#writing ??= this.#writePending();
    return true;
  }

  /** Resolves when everything taken so far is written, or `signal` aborts. */
  async flush(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener("abort", abort, { once: true });
    await Promise.race([this.#writing, aborted.promise]);
    signal.removeEventListener("abort", abort);
  }

  async #writePending(): Promise<void> {
    const encoder = new TextEncoder();
    await Promise.resolve(); // so that what is logged together is written together
    while (this.#pending.length > 0) {
      const text = this.#pending.join("");
      this.#pending = [];
      await this.#writeAll(encoder.encode(text));
      this.#characters -= text.length;
    }
    this.#writing = null;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        const written = await this.output.write(bytes.subarray(at));
        if (written === 0) return;
        at += written;
      }
    } catch {
      // Nobody reads the log any more, and there is nowhere to say so.
    }
  }
}
