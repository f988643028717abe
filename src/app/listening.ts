import { type Logger, ScanError, type Scanner, type ScanSink, superviseScan, Vitals } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import type { HciSource } from "../hci/mod.ts";
import { timeLimit } from "../time/mod.ts";
import { EXIT } from "./exit_codes.ts";
import { failureCode } from "./failure.ts";
import type { Host } from "./host.ts";
import { stallTimeoutMs } from "./options.ts";
import { createScanner, type ScannerHost } from "./scanner.ts";

/** What {@linkcode Listening} works with. */
export interface ListeningParts {
  /** What to scan with. */
  readonly config: Config;
  /** In place of the one that is configured. */
  readonly source?: HciSource;
  /** The process and its machine. */
  readonly host: ScannerHost & Pick<Host, "random">;
  /** Where events are written. */
  readonly log: Logger;
}

/** What is to be done with a {@linkcode Listening}. */
export interface ListeningOptions {
  /** After how long it ends by itself; null: when it is told to. */
  readonly durationMs: number | null;
  /** Takes each advertisement. Default: what {@linkcode Vitals} keep is enough. */
  readonly advertisement?: ScanSink["advertisement"];
}

/** How a {@linkcode Listening} ended. */
export interface ListenEnd {
  /** What the process ends with. */
  readonly exitCode: number;
  /** What kept it from hearing; null: nothing. */
  readonly problem: string | null;
  /** How many packets were lost because this machine did not keep up. */
  readonly missed: number;
}

/** Hears what `run` would, for commands that publish nothing. */
export class Listening {
  /** What is true of it. */
  readonly vitals: Vitals;
  readonly #scanner: Scanner;

  /** Prepares; {@linkcode run} begins. */
  constructor(private readonly parts: ListeningParts) {
    const { config, host, log, source } = parts;
    const scanner = this.#scanner = createScanner(config, host, log, source);
    this.vitals = new Vitals({ clock: host.clock, missed: () => scanner.missed, log });
  }

  /**
   * Scans, an adapter that goes and comes back included, until `signal` aborts, the time is over, or a recording ends.
   * Where it never came to scanning, that is a failure.
   */
  async run({ durationMs, advertisement = () => {} }: ListeningOptions, signal: AbortSignal): Promise<ListenEnd> {
    const { vitals, parts: { config, host: { clock, random }, log } } = this;
    const scanner = this.#scanner;
    const sink: ScanSink = { advertisement, invalid: () => {}, delivered: () => undefined, state: () => {} };
    let lastProblem = "Scanning never started.";
    using _ = vitals.onChange(() => {
      const { scan } = vitals;
      if (scan.kind === "stopped" && scan.reason !== "stopped") lastProblem = scan.reason;
    });
    using limit = timeLimit(clock, durationMs, { signal });
    try {
      const supervision = { scanner, vitals, clock, random, log, stallTimeoutMs: stallTimeoutMs(config.scanner) };
      await superviseScan(supervision, sink, limit.signal);
      const problem = vitals.hasScanned ? null : lastProblem;
      return { exitCode: problem === null ? EXIT.ok : EXIT.failure, problem, missed: scanner.missed };
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      return { exitCode: failureCode(error), problem: error.message, missed: scanner.missed };
    }
  }
}
