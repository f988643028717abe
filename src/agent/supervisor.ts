import { backoffMs, type BackoffPolicy, type Clock, untilAborted } from "../time/mod.ts";
import { type Logger, ScanError, type Scanner, type ScanSink } from "./ports.ts";
import { ResetSchedule } from "./reset_schedule.ts";
import { ScanWatch } from "./scan_watch.ts";
import type { Vitals } from "./vitals.ts";

/** What keeps a scan alive. */
export interface SupervisorParts {
  /** Hears. */
  readonly scanner: Scanner;
  /** Learns what the scan does. */
  readonly vitals: Vitals;
  /** Time. */
  readonly clock: Clock;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  /** Where events are written. */
  readonly log: Logger;
  /** Silence after which the scan is begun afresh, in milliseconds. */
  readonly stallTimeoutMs: number;
}

/** An adapter that was put back is to scan again within 10 s. */
const RESTART_POLICY: BackoffPolicy = { initialDelayMs: 1_000, maxDelayMs: 5_000, exponential: true };
/** Coming to scanning may take longer than a short stall time-out: a controller that does not answer has to show. */
const START_MS = 30_000;
/** A controller that does not answer is reset at least once in so many tries, some minutes. */
const STUCK_TRIES = 32;

/**
 * Scans until `signal` aborts or a recording ends; begins again whenever the scan fails or falls
 * silent, and switches the adapter off and on where that alone does not help.
 *
 * A controller that does not answer, refuses, or fails is stuck. One that answers and reports nothing
 * may be stuck too, or nobody advertises: nothing but time can tell. So its scan is begun afresh after
 * each stall time-out, which disturbs nobody, and it is reset after twice as long each time.
 *
 * @throws {ScanError} where trying again cannot help, or a recording breaks off
 */
export function superviseScan(parts: SupervisorParts, sink: ScanSink, signal: AbortSignal): Promise<void> {
  return new Supervisor(parts, sink).run(signal);
}

class Supervisor {
  readonly #sink: ScanWatch;
  readonly #whenStuck = new ResetSchedule(STUCK_TRIES);
  readonly #whenSilent = new ResetSchedule(Infinity);
  /** Runs in a row that failed before anything was heard. */
  #failures = 0;
  #lastReason: string | null = null;

  constructor(private readonly parts: SupervisorParts, sink: ScanSink) {
    this.#sink = new ScanWatch(sink, parts.vitals, parts.clock, (silentMs) => {
      this.#whenSilent.clear();
      parts.log.info("heard again", { silent_s: Math.round(silentMs / 1000) });
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { scanner } = this.parts;
    while (!signal.aborted) {
      try {
        if (scanner.paced) return await scanner.run(this.#sink, signal);
        if (await this.#scanUntilSilent(signal)) return;
        await this.#recoverFromSilence(signal);
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof ScanError ? error : new ScanError(String(error), "time", { cause: error });
        if (this.#isFinal(failure)) throw error;
        await this.#recover(failure, signal);
      }
    }
  }

  /** A recording that begins again would publish its beginning twice. What it once was allowed, it is still. */
  #isFinal({ cure }: ScanError): boolean {
    return this.parts.scanner.paced || cure === "person" && !this.parts.vitals.hasScanned;
  }

  /** False: it has been silent for the stall time-out. */
  async #scanUntilSilent(signal: AbortSignal): Promise<boolean> {
    const silent = new AbortController();
    const done = new AbortController();
    this.#sink.begin();
    const watching = this.#untilSilent(done.signal).then(() => silent.abort(), () => {});
    try {
      await this.parts.scanner.run(this.#sink, AbortSignal.any([signal, silent.signal]));
    } finally {
      done.abort();
      await watching;
    }
    return !silent.signal.aborted;
  }

  /** Resolves once nothing has come in for the stall time-out. */
  async #untilSilent(signal: AbortSignal): Promise<void> {
    const { clock, log, stallTimeoutMs } = this.parts;
    const leftMs = () =>
      (this.#sink.isScanning ? stallTimeoutMs : Math.max(stallTimeoutMs, START_MS)) - this.#sink.quietMs;
    while (leftMs() > 0) await clock.sleep(Math.min(leftMs(), stallTimeoutMs), signal);
    if (!this.#sink.fallSilent(stallTimeoutMs)) return;
    log.warn("nothing heard", {
      silent_s: stallTimeoutMs / 1000,
      action: "restarting the scan from time to time until something is heard",
    });
  }

  async #recoverFromSilence(signal: AbortSignal): Promise<void> {
    // The controller has answered: what failed before is over.
    this.#succeeded();
    if (!signal.aborted && this.#whenSilent.isDue()) await this.#reset("nothing heard", signal);
  }

  async #recover({ cure, message: reason }: ScanError, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.parts;
    if (this.#sink.takeHeard()) this.#succeeded();
    const retryInMs = Math.round(backoffMs(this.#failures++, RESTART_POLICY, random));
    // An adapter may be away for months: one line, not one for each look.
    if (reason === this.#lastReason) log.debug("scan failed again", { reason, retry_in_ms: retryInMs });
    else log.error("scan failed", { reason, retry_in_ms: retryInMs });
    this.#lastReason = reason;
    await clock.sleep(retryInMs, signal).catch(() => {});
    if (cure === "reset" && !signal.aborted && this.#whenStuck.isDue()) await this.#reset(reason, signal);
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#lastReason = null;
    this.#whenStuck.clear();
  }

  async #reset(reason: string, signal: AbortSignal): Promise<void> {
    const { log, scanner, vitals } = this.parts;
    log.warn("resetting the adapter", { reason });
    vitals.scanMoved();
    try {
      // A controller that does not answer takes the kernel many seconds; the end does not wait for it.
      await untilAborted(scanner.reset(), signal);
    } catch (error) {
      if (!signal.aborted) log.warn("adapter reset failed", { error });
    } finally {
      vitals.scanMoved();
    }
  }
}
