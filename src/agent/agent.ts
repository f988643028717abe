import { type Clock, timeLimit } from "../time/mod.ts";
import { FailureLog } from "./failure_log.ts";
import { LiveOutbox, type Outbox, type OutboxParts, PacedOutbox } from "./outbox.ts";
import type { Logger, Publisher, Scanner } from "./ports.ts";
import { ReportPath, type ReportPathOptions } from "./report_path.ts";
import { superviseScan } from "./supervisor.ts";
import type { Vitals } from "./vitals.ts";

/** What an {@linkcode Agent} is to do. */
export interface AgentOptions extends ReportPathOptions {
  /** How often statistics are taken, in milliseconds. */
  readonly intervalMs: number;
  /** Silence after which the scan is begun afresh, in milliseconds. */
  readonly stallTimeoutMs: number;
}

/** What an {@linkcode Agent} works with. */
export interface AgentParts {
  /** Hears. */
  readonly scanner: Scanner;
  /** Takes the messages. */
  readonly publisher: Publisher;
  /** Is told what is true. */
  readonly vitals: Vitals;
  /** Time. */
  readonly clock: Clock;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  /** Where events are written. */
  readonly log: Logger;
}

/** How long scanning waits at the start for a connection. */
const FIRST_CONNECTION_MS = 1_000;

/** Turns what a scanner hears into messages at a broker, and accounts for every report. */
export class Agent {
  readonly #publishFailures: FailureLog;
  #options: AgentOptions;
  #scanner: Scanner;
  /** The one way of all reports, while it runs. */
  #path: ReportPath | null = null;
  #outbox: Outbox | null = null;
  /** Aborted when the scan is to begin anew. */
  #scanning = new AbortController();
  /** Resolved as that has begun, or will not any more. */
  #rescanned = Promise.withResolvers<void>();
  /** Aborted when the interval is to end at once. */
  #interval = new AbortController();

  /** Prepares; {@linkcode run} begins. */
  constructor(options: AgentOptions, private readonly parts: AgentParts) {
    this.#options = options;
    this.#scanner = parts.scanner;
    this.#publishFailures = new FailureLog("publish failed", parts.log, parts.clock);
  }

  /**
   * Scans and publishes until `signal` aborts, or a recording has been published to its end.
   *
   * @throws {ScanError} where scanning is impossible until a person acts, or a recording breaks off
   */
  async run(signal: AbortSignal): Promise<void> {
    const { vitals, clock, log } = this.parts;
    const outbox = this.#outbox = this.#scanner.paced
      ? new PacedOutbox(this.#outboxParts, signal)
      : new LiveOutbox(this.#outboxParts);
    const path = this.#path = new ReportPath(this.#options, outbox, { counter: vitals.counter, clock, log });
    using _ = vitals.onChange((change) => {
      if (change === "connection" && vitals.connection.kind === "online") path.reconnected();
    });
    const ended = new AbortController();
    const dividing = this.#divideTime(ended.signal);
    let reason = "finished";
    try {
      await this.#untilConnected(signal);
      await this.#scan(path, signal);
      await outbox.drained();
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      ended.abort();
      this.#interval.abort();
      this.#path = null;
      this.#rescanned.resolve();
      await dividing;
      this.#publishFailures.summarise();
      vitals.end(signal.aborted ? "stopped" : reason);
    }
  }

  /**
   * Goes on with other options from the next report on; the scan is not disturbed. Where the interval is another one,
   * the last one ends now.
   */
  configure(options: AgentOptions): void {
    const isSameInterval = options.intervalMs === this.#options.intervalMs;
    this.#options = options;
    // A new one for the air, for it depends on the log's level. A recording's has messages that wait.
    if (!this.#scanner.paced) this.#outbox = new LiveOutbox(this.#outboxParts);
    if (this.#outbox !== null) this.#path?.configure(options, this.#outbox);
    if (!isSameInterval) this.#interval.abort();
  }

  /**
   * Ends the scan cleanly, and begins it anew with another scanner; resolves in between. Not for recordings, which would
   * begin again.
   */
  async scanWith(scanner: Scanner): Promise<void> {
    this.#scanner = scanner;
    if (this.#path === null) return; // it does not run
    this.#rescanned = Promise.withResolvers();
    this.#scanning.abort();
    await this.#rescanned.promise;
  }

  get #outboxParts(): OutboxParts {
    const { publisher, vitals, log } = this.parts;
    return { publisher, counter: vitals.counter, failures: this.#publishFailures, log };
  }

  /** What is heard before the first connection would only be dropped; a broker that is away is not waited for. */
  async #untilConnected(signal: AbortSignal): Promise<void> {
    const { publisher, clock } = this.parts;
    using limit = timeLimit(clock, FIRST_CONNECTION_MS, { signal });
    await publisher.ready(limit.signal).catch(() => {});
  }

  async #scan(path: ReportPath, signal: AbortSignal): Promise<void> {
    do {
      const scanning = this.#scanning = new AbortController();
      this.#rescanned.resolve();
      const supervision = { ...this.parts, scanner: this.#scanner, stallTimeoutMs: this.#options.stallTimeoutMs };
      await superviseScan(supervision, path, AbortSignal.any([signal, scanning.signal]));
    } while (this.#scanning.signal.aborted && !signal.aborted);
  }

  /** Ends intervals until `signal` aborts. */
  async #divideTime(signal: AbortSignal): Promise<void> {
    while (true) {
      // A signal of its own, not one made of both: of those there would be a new one for each interval, for months.
      await this.parts.clock.sleep(this.#options.intervalMs, this.#interval.signal).catch((error) => {
        if (!this.#interval.signal.aborted) throw error;
      });
      if (signal.aborted) return;
      if (this.#interval.signal.aborted) this.#interval = new AbortController();
      this.#publishFailures.summarise();
      this.parts.vitals.endInterval();
    }
  }
}
