import type { Clock } from "../time/mod.ts";
import { FailureLog } from "./failure_log.ts";
import type { Logger } from "./ports.ts";

/** Those who are told of changes. One that throws harms nobody but itself, and is told of the next change all the same. */
export class Readers<Change extends string> {
  /** With a number for each, by which their failures are told apart. */
  readonly #listeners = new Map<(change: Change) => void, number>();
  #added = 0;
  readonly #failures: FailureLog;

  constructor(log: Logger, clock: Clock) {
    this.#failures = new FailureLog("reader failed", log, clock);
  }

  /** Has `listener` told until it is disposed of. */
  add(listener: (change: Change) => void): Disposable {
    this.#listeners.set(listener, this.#added++);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Tells all, in the order in which they came. */
  tell(change: Change): void {
    for (const [listener, number] of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        const why = error instanceof Error ? { reason: error.message, stack: error.stack } : { reason: "not an error" };
        this.#failures.failed(`${number} ${change}`, { change, ...why });
      }
    }
  }

  /** Logs how often readers have failed again; to be called at intervals. */
  summariseFailures(): void {
    this.#failures.summarise();
  }
}
