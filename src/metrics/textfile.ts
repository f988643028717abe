import type { Logger } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";

/** How a {@linkcode Textfile} is written. */
export interface TextfileOptions {
  /** Its path, which ends in `.prom`. */
  readonly path: string;
  /** How often it is written, in milliseconds. */
  readonly intervalMs: number;
}

/** What a {@linkcode Textfile} works with. */
export interface TextfileParts {
  /** What it is to say. */
  readonly content: () => string;
  /** Puts a file in place of the last one, whole: whoever reads meanwhile sees one or the other. */
  readonly replaceFile: (path: string, text: string) => Promise<void>;
  /** Removes a file. */
  readonly removeFile: (path: string) => Promise<void>;
  /** Times writing. */
  readonly clock: Clock;
  /** Where it is written that it cannot be written. */
  readonly log: Logger;
}

/** Metrics in a file that node_exporter takes along, for those who open no port. */
export class Textfile {
  #lastReason: string | null = null;

  /** Prepares; {@linkcode start} begins. */
  constructor(private readonly options: TextfileOptions, private readonly parts: TextfileParts) {}

  /** Writes it at intervals until it is disposed of; then it goes, for what it says is over. */
  start(): AsyncDisposable {
    const ended = new AbortController();
    const running = this.#run(ended.signal);
    return {
      async [Symbol.asyncDispose]() {
        ended.abort();
        await running;
      },
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { path, intervalMs } = this.options;
    const { clock, content, replaceFile, removeFile } = this.parts;
    while (!signal.aborted) {
      await replaceFile(path, content()).then(() => this.#tell(null), (error) => this.#tell(String(error.message)));
      await clock.sleep(intervalMs, signal).catch(() => {});
    }
    await removeFile(path).catch(() => {}); // it could not even be written
  }

  /** A full disk stays full for days: one line, not one for each attempt. */
  #tell(reason: string | null): void {
    const { log } = this.parts;
    const { path } = this.options;
    if (reason === this.#lastReason) return;
    if (reason === null) log.info("metrics file written again", { path });
    else log.error("cannot write metrics file", { path, reason });
    this.#lastReason = reason;
  }
}
