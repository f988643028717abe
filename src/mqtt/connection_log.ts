import type { LogFields, Logger } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { ConnectionFailure } from "./failure.ts";

const SUMMARY_INTERVAL_MS = 60_000;

/** What became of a connection, as the log calls it. */
export type FailureEvent = "broker connection failed" | "broker connection lost";

/** One reason since it was first logged. */
interface Repetition {
  readonly sinceMs: number;
  count: number;
  loggedMs: number;
}

/**
 * Logs why there is no connection: each reason once, at error where only a person can help, else as
 * a warning; then at debug, and once a minute how often it came again.
 */
export class ConnectionLog {
  readonly #repetitions = new Map<string, Repetition>();

  constructor(private readonly log: Logger, private readonly clock: Clock, private readonly where: LogFields) {}

  online(fields: LogFields): void {
    this.log.info("broker connected", { ...this.where, ...fields });
  }

  /** The connection has proved stable: whatever comes is news. */
  stable(): void {
    this.#repetitions.clear();
  }

  failed(event: FailureEvent, failure: ConnectionFailure, retryInMs: number): void {
    const { kind, message: reason, remedy } = failure;
    const nowMs = this.clock.monotonicMs();
    const fields = {
      ...this.where,
      reason,
      ...(remedy === null ? {} : { remedy }),
      retry_in_ms: Math.round(retryInMs),
    };
    const report = (fields: LogFields) =>
      kind === "rejected" || kind === "unfit" ? this.log.error(event, fields) : this.log.warn(event, fields);
    const key = `${event}: ${reason}`;
    const repeated = this.#repetitions.get(key);
    if (repeated === undefined) {
      this.#repetitions.set(key, { sinceMs: nowMs, count: 1, loggedMs: nowMs });
      return report(fields);
    }
    repeated.count++;
    if (nowMs - repeated.loggedMs < SUMMARY_INTERVAL_MS) return this.log.debug(event, fields);
    repeated.loggedMs = nowMs;
    report({ ...fields, count: repeated.count, for_s: Math.round((nowMs - repeated.sinceMs) / 1000) });
  }
}
