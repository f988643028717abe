import type { LogFields, Logger } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { ConnectionFailure } from "./failure.ts";

const REMINDER_INTERVAL_MS = 60_000;
/** How many different reasons are logged for one outage; a peer that keeps inventing new ones must not fill memory. */
const MOST_REASONS = 20;

/** What became of a connection, as the log calls it. */
export type FailureEvent = "broker connection failed" | "broker connection lost";

/** The time without a connection, from the first failure on. */
interface Outage {
  readonly sinceMs: number;
  readonly reasons: Set<string>;
  failures: number;
  remindedMs: number;
  latest: LoggedFailure;
}

/** A failure, and the broker as fields. */
interface LoggedFailure {
  readonly where: LogFields;
  readonly failure: ConnectionFailure;
}

/**
 * Logs each outage as one story: why it began, each further reason once, a line each minute with what has been dropped
 * so far, and at the end how long it lasted and what it cost. Logged as errors if only a person can help, otherwise as
 * warnings. Attempts that fail for a known reason are logged at debug; lost connections are always logged.
 */
export class ConnectionLog {
  #outage: Outage | null = null;
  /** When a connection was given up for a better one that is not there yet (monotonic); null: none was. */
  #leftMs: number | null = null;
  /** What had been dropped when there was a connection last. */
  #droppedBefore: number;

  /**
   * Begins without a connection.
   *
   * @param dropped how many messages have been dropped so far for lack of a connection
   */
  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
    private readonly dropped: () => number,
  ) {
    this.#droppedBefore = dropped();
  }

  /** A broker has accepted a connection. */
  online(fields: LogFields): void {
    const sinceMs = this.#leftMs ?? this.#outage?.sinceMs ?? null;
    const cost = sinceMs === null ? {} : { after_s: this.#secondsSince(sinceMs), dropped: this.#lost };
    this.log.info("broker connected", { ...fields, ...cost });
    this.#outage = this.#leftMs = null;
    this.#droppedBefore = this.dropped();
  }

  /** A connection that works is given up for one to the first broker. */
  leaving(fields: LogFields): void {
    this.log.info("returning to the first broker", fields);
    this.#leftMs = this.clock.monotonicMs();
  }

  /** The first broker is back, and refuses, or is refused by this side. */
  cannotReturn(where: LogFields, failure: ConnectionFailure): void {
    this.log.warn("cannot return to the first broker", fieldsOf({ where, failure }));
  }

  /** An attempt has failed, or a connection was lost; `more` fields are logged with it. */
  failed(event: FailureEvent, where: LogFields, failure: ConnectionFailure, more: LogFields): void {
    const nowMs = this.clock.monotonicMs();
    const latest = { where, failure };
    const outage = this.#outage ??= { sinceMs: nowMs, reasons: new Set(), failures: 0, remindedMs: nowMs, latest };
    outage.failures++;
    outage.latest = latest;
    const fields = { ...fieldsOf(latest), ...more };
    if (isNew(JSON.stringify([where, withoutTimes(failure.message)]), outage.reasons)) {
      this.#report(failure, event, fields);
    } else this.log.debug(event, fields);
  }

  /** Logs a reminder for each minute of an outage, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const leftMs = (this.#outage?.remindedMs ?? this.clock.monotonicMs()) + REMINDER_INTERVAL_MS -
        this.clock.monotonicMs();
      if (leftMs > 0) await this.clock.sleep(leftMs, signal).catch(() => {});
      else this.#remind();
    }
  }

  #remind(): void {
    const outage = this.#outage;
    if (outage === null) return;
    outage.remindedMs = this.clock.monotonicMs();
    this.#report(outage.latest.failure, "still no broker connection", {
      ...fieldsOf(outage.latest),
      failures: outage.failures,
      for_s: this.#secondsSince(outage.sinceMs),
      dropped: this.#lost,
    });
  }

  #report({ kind }: ConnectionFailure, event: string, fields: LogFields): void {
    if (kind === "rejected" || kind === "unfit") this.log.error(event, fields);
    else this.log.warn(event, fields);
  }

  get #lost(): number {
    return this.dropped() - this.#droppedBefore;
  }

  #secondsSince(sinceMs: number): number {
    return Math.round((this.clock.monotonicMs() - sinceMs) / 100) / 10;
  }
}

function fieldsOf({ where, failure: { message: reason, remedy } }: LoggedFailure): LogFields {
  return { ...where, reason, ...(remedy === null ? {} : { remedy }) };
}

/** Time limits grow with the round trip that was measured; the reason is the same. */
function withoutTimes(reason: string): string {
  return reason.replaceAll(/[0-9.]+ (?=m?s\b)/g, "");
}

function isNew(reason: string, reasons: Set<string>): boolean {
  if (reasons.has(reason) || reasons.size >= MOST_REASONS) return false;
  reasons.add(reason);
  return true;
}
