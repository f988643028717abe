import assert from "node:assert/strict";
import type { countFields } from "../../src/status/mod.ts";
import type { LogLine } from "./program.ts";

/** The agent's counters at one moment. */
export type Counts = ReturnType<typeof countFields> & { readonly atS: number };

/** The counters in the lines of the agent's log. */
export function countsOf(log: readonly LogLine[], startWallMs: number): Counts[] {
  return log.filter(({ event }) => event === "statistics" || event === "ended").map(({ time, fields }) => {
    return { ...fields as unknown as Counts, atS: (Date.parse(time) - startWallMs) / 1000 };
  });
}

/** Whether every report is accounted for exactly once. */
export function lawHolds(counts: Counts): boolean {
  const { received, published, filtered, invalid, in_flight } = counts;
  const dropped = counts.dropped_offline + counts.dropped_backpressure + counts.dropped_rate_limited +
    counts.dropped_unacknowledged;
  return received === published + dropped + filtered + invalid + in_flight && in_flight >= 0;
}

/** The counters of the line with which a program has ended, which account for every report. */
export function finalCounts(log: readonly LogLine[]): Counts {
  const [counts] = countsOf(log.filter(({ event }) => event === "ended"), 0);
  assert.ok(counts, "it logged no counters at its end");
  assert.ok(lawHolds(counts), JSON.stringify(counts));
  return counts;
}
