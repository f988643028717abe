import type { Advertisement } from "../../advertisement/mod.ts";
import { type Devices, DeviceTable, type FilterReason, Selection, type SelectionOptions } from "../../agent/mod.ts";
import type { Clock } from "../../time/mod.ts";

/** What passes the filter, by device, and how much does not. */
export class Passed {
  readonly #table = new DeviceTable();
  readonly #selection: Selection;
  readonly #leftOut = new Map<FilterReason, number>();

  constructor(options: SelectionOptions, private readonly clock: Clock) {
    this.#selection = new Selection(options, clock);
  }

  get devices(): Devices {
    return this.#table;
  }

  /** How many reports were left out, and by which keys of the filter, the most first; empty: none. */
  get leftOut(): string {
    const reasons = [...this.#leftOut].sort(([, a], [, b]) => b - a);
    const total = reasons.reduce((sum, [, count]) => sum + count, 0);
    return total === 0 ? "" : `${total} left out (${reasons.map(([key, count]) => `${key} ${count}`).join(", ")})`;
  }

  heard(heard: Advertisement): void {
    const selected = this.#selection.select(heard);
    if (typeof selected === "string") this.#leftOut.set(selected, (this.#leftOut.get(selected) ?? 0) + 1);
    else this.#table.heard(selected, this.clock.monotonicMs());
  }
}
