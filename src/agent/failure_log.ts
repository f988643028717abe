import type { Clock } from "../time/mod.ts";
import type { LogFields, Logger } from "./ports.ts";

/** Failures of the same kind since the last line about them. */
interface Repetition {
  count: number;
  lastFields: LogFields;
  sinceMs: number;
}

/**
 * Logs a failure once, at error, and then only how often it came again: a broken broker at 5,000
 * reports a second must not fill the disk with 5,000 lines a second.
 */
export class FailureLog {
  readonly #repetitions = new Map<string, Repetition>();

  constructor(private readonly event: string, private readonly log: Logger, private readonly clock: Clock) {}

  /** Notes one failure; `kind` comes from a fixed set, and is the `reason` where `fields` have none. */
  failed(kind: string, fields: LogFields = {}): void {
    const repetition = this.#repetitions.get(kind);
    if (repetition !== undefined) {
      repetition.count++;
      repetition.lastFields = fields;
      return;
    }
    this.#repetitions.set(kind, { count: 0, lastFields: fields, sinceMs: this.clock.monotonicMs() });
    this.log.error(this.event, { reason: kind, ...fields });
  }

  /**
   * Writes the summaries; to be called at intervals. A kind that did not come again is forgotten,
   * so that its next failure is logged at once.
   */
  summarise(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [kind, repetition] of this.#repetitions) {
      const { count, sinceMs, lastFields } = repetition;
      if (count === 0) {
        this.#repetitions.delete(kind);
        continue;
      }
      const overS = Math.round((nowMs - sinceMs) / 1000);
      this.log.error(`${this.event} again`, { reason: kind, count, over_s: overS, ...lastFields });
      repetition.count = 0;
      repetition.sinceMs = nowMs;
    }
  }
}
