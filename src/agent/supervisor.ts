import { backoffMs, type BackoffPolicy, type Clock } from "../time/mod.ts";
import { type Logger, ScanError, type Scanner, type ScanSink, type ScanState } from "./ports.ts";

/** What keeps a scan alive. */
export interface SupervisorParts {
  readonly scanner: Scanner;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Silence after which the scan is begun afresh, in milliseconds. */
  readonly stallTimeoutMs: number;
}

/** An adapter that was put back is to scan again within 10 s. */
const RESTART_POLICY: BackoffPolicy = { initialDelayMs: 1_000, maxDelayMs: 5_000, exponential: true };

/**
 * Scans until `signal` aborts or a recording ends; begins again whenever the scan fails or falls
 * silent.
 *
 * @throws {ScanError} where trying again cannot help, or a recording breaks off
 */
export async function superviseScan(parts: SupervisorParts, sink: ScanSink, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = parts;
  let failures = 0;
  let lastReason: string | null = null;
  while (!signal.aborted) {
    const watched = new WatchedSink(sink, clock);
    try {
      return await scanOnce(parts, watched, signal);
    } catch (error) {
      if (signal.aborted) return;
      const permanent = error instanceof ScanError && error.permanent;
      // A recording that begins again would publish its beginning twice.
      if (permanent || parts.scanner.paced) throw error;
      if (watched.heard) {
        failures = 0;
        lastReason = null;
      }
      const retryInMs = Math.round(backoffMs(failures++, RESTART_POLICY, random));
      const reason = error instanceof Error ? error.message : String(error);
      // An adapter may be away for months, a room quiet all night: one line, not one for each look.
      if (reason === lastReason) log.debug("scan failed again", { reason, retryInMs });
      else log.error("scan failed", { reason, retryInMs });
      lastReason = reason;
      await clock.sleep(retryInMs, signal).catch(() => {});
    }
  }
}

async function scanOnce(parts: SupervisorParts, watched: WatchedSink, signal: AbortSignal): Promise<void> {
  if (parts.scanner.paced) return await parts.scanner.run(watched, signal);
  const silent = new AbortController();
  const done = new AbortController();
  const watching = untilSilent(parts, watched, done.signal).then(() => silent.abort(), () => {});
  try {
    await parts.scanner.run(watched, AbortSignal.any([signal, silent.signal]));
  } finally {
    done.abort();
    await watching;
  }
  if (silent.signal.aborted) throw new ScanError(`no advertisement for ${parts.stallTimeoutMs / 1000} s`, false);
}

/** Resolves once nothing has come in for the stall time-out. */
async function untilSilent(parts: SupervisorParts, watched: WatchedSink, signal: AbortSignal): Promise<void> {
  const { clock, stallTimeoutMs } = parts;
  while (true) {
    const silentMs = clock.monotonicMs() - watched.lastEventMs;
    if (silentMs >= stallTimeoutMs) return;
    await clock.sleep(stallTimeoutMs - silentMs, signal);
  }
}

/** Notes the signs of life of a scan; looks at what comes in before any filter does. */
class WatchedSink implements ScanSink {
  lastEventMs: number;
  heard = false;

  constructor(private readonly sink: ScanSink, private readonly clock: Clock) {
    this.lastEventMs = clock.monotonicMs();
  }

  event(packet: Uint8Array): Promise<void> | undefined {
    this.lastEventMs = this.clock.monotonicMs();
    this.heard = true;
    return this.sink.event(packet);
  }

  state(state: ScanState): void {
    this.sink.state(state);
  }
}
