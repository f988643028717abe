import { type Logger, ScanError, type ScanSink, superviseScan, Vitals } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import type { HciSource } from "../hci/mod.ts";
import { timeLimit } from "../time/mod.ts";
import { EXIT } from "./exit_codes.ts";
import { failureCode } from "./failure.ts";
import type { Host } from "./host.ts";
import { stallTimeoutMs } from "./options.ts";
import { createScanner, type ScannerHost } from "./scanner.ts";

/** What {@linkcode listen} works with. */
export interface ListenParts {
  /** What to scan with. */
  readonly config: Config;
  /** In place of the one that is configured. */
  readonly source?: HciSource;
  /** After how long it ends by itself; null: when it is told to. */
  readonly durationMs: number | null;
  /** The process and its machine. */
  readonly host: ScannerHost & Pick<Host, "random">;
  /** Where events are written. */
  readonly log: Logger;
}

/** How {@linkcode listen} ended. */
export interface ListenEnd {
  /** What the process ends with. */
  readonly exitCode: number;
  /** What kept it from hearing; null: nothing. */
  readonly problem: string | null;
  /** How many packets were lost because this machine did not keep up. */
  readonly missed: number;
}

/**
 * Scans as `run` does, an adapter that goes and comes back included, and hands on what is heard,
 * until `signal` aborts, the time is over, or a recording ends. Where it never came to scanning, that
 * is a failure.
 */
export async function listen(parts: ListenParts, sink: ScanSink, signal: AbortSignal): Promise<ListenEnd> {
  const { config, host, log, durationMs, source } = parts;
  const { clock, random } = host;
  const scanner = createScanner(config, host, log, source);
  const vitals = new Vitals({ clock, missed: () => scanner.missed });
  let lastProblem = "Scanning never started.";
  const watched: ScanSink = {
    ...sink,
    state(state) {
      if (state.kind === "stopped" && state.reason !== "stopped") lastProblem = state.reason;
      sink.state(state);
    },
  };
  using limit = timeLimit(clock, durationMs, { signal });
  try {
    const supervision = { scanner, vitals, clock, random, log, stallTimeoutMs: stallTimeoutMs(config.scanner) };
    await superviseScan(supervision, watched, limit.signal);
    const problem = vitals.hasScanned ? null : lastProblem;
    return { exitCode: problem === null ? EXIT.ok : EXIT.failure, problem, missed: scanner.missed };
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    return { exitCode: failureCode(error), problem: error.message, missed: scanner.missed };
  }
}
