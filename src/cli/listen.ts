import { ScanError, type ScanSink, superviseScan, type SupervisorParts } from "../agent/mod.ts";
import { EXIT } from "./exit_codes.ts";
import { failureCode } from "./failure.ts";

/** How {@linkcode listen} ended. */
export interface ListenEnd {
  readonly exitCode: number;
  /** What kept it from hearing; null: nothing. */
  readonly problem: string | null;
}

/**
 * Scans as `run` does, an adapter that goes and comes back included, and hands on what is heard,
 * until `signal` aborts, the time is over, or a recording ends. Where it never came to scanning, that
 * is a failure.
 *
 * @param durationMs after how long it ends by itself; null: when it is told to
 */
export async function listen(
  parts: SupervisorParts,
  durationMs: number | null,
  sink: ScanSink,
  signal: AbortSignal,
): Promise<ListenEnd> {
  const done = new AbortController();
  const over = new AbortController();
  const timing = durationMs !== null && parts.clock.sleep(durationMs, done.signal).then(() => over.abort(), () => {});
  let problem: string | null = "It did not come to scanning.";
  const watched: ScanSink = {
    event: (packet) => sink.event(packet),
    state(state) {
      if (state.kind === "scanning") problem = null;
      if (state.kind === "stopped" && state.reason !== "stopped") problem &&= state.reason;
      sink.state(state);
    },
  };
  try {
    await superviseScan(parts, watched, AbortSignal.any([signal, over.signal]));
    return { exitCode: problem === null ? EXIT.ok : EXIT.failure, problem };
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    return { exitCode: failureCode(error), problem: error.message };
  } finally {
    done.abort();
    await timing;
  }
}
