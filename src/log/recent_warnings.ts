import type { LogFields } from "../agent/mod.ts";
import { escapeInvisible } from "../text/mod.ts";
import type { Clock } from "../time/mod.ts";
import { fieldsText } from "./formats.ts";

const MOST = 50;
const MOST_CHARACTERS = 1_000;

/** A warning or error that was logged. */
export interface RecentWarning {
  /** Counts from the first that was kept. */
  readonly number: number;
  /** When it was logged; monotonic. */
  readonly atMs: number;
  /** Its severity. */
  readonly level: "warning" | "error";
  /** What happened, as in the log. */
  readonly event: string;
  /** Its fields as a line of the log has them, up to 1,000 characters. */
  readonly fields: string;
}

/** The log's last 50 warnings and errors; none while nobody wants them. */
export class RecentWarnings {
  #kept: RecentWarning[] = [];
  #number = 0;
  #wanted = 0;

  /**
   * None is kept yet.
   *
   * @param clock dates them
   */
  constructor(private readonly clock: Clock) {}

  /** Has them kept from now on, until it is disposed of. */
  keep(): Disposable {
    this.#wanted++;
    return {
      [Symbol.dispose]: () => {
        if (--this.#wanted === 0) this.#kept = [];
      },
    };
  }

  /** One was logged. */
  logged(level: RecentWarning["level"], event: string, fields: LogFields): void {
    if (this.#wanted === 0) return;
    const text = fieldsText(fields);
    this.#kept.push({
      number: ++this.#number,
      atMs: this.clock.monotonicMs(),
      level,
      event: escapeInvisible(event),
      fields: text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text,
    });
    if (this.#kept.length > MOST) this.#kept.shift();
  }

  /** Those logged at `sinceMs` or later, oldest first. */
  since(sinceMs: number): readonly RecentWarning[] {
    return this.#kept.filter(({ atMs }) => atMs >= sinceMs);
  }
}
