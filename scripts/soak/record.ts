import type { countFields } from "../../src/agent/mod.ts";
import type { LogLine } from "../../tests/support/program.ts";
import type { Fault } from "./faults.ts";
import type { Memory } from "./memory.ts";

/** The agent's counters at one moment. */
export type Counts = ReturnType<typeof countFields> & { readonly atS: number };

/** Everything that a run has measured. */
export interface SoakRecord {
  readonly seed: number;
  readonly minutes: number;
  readonly reportsPerSecond: number;
  readonly devices: number;
  readonly memory: readonly (Memory & { readonly atS: number })[];
  /** As logged each second; the last ones those of the end. */
  readonly counts: readonly Counts[];
  readonly faults: readonly Fault[];
  /** What the subscriber saw. */
  readonly subscriber: {
    readonly messages: number;
    readonly addresses: number;
    readonly broken: number;
    readonly examples: readonly string[];
  };
  /** Exit code of the agent; null: it ended before it was told to, and not well. */
  readonly exitCode: number | null;
}

/** The counters in the lines of the agent's log. */
export function countsOf(log: readonly LogLine[], startWallMs: number): Counts[] {
  return log.filter(({ event }) => event === "statistics" || event === "ended").map(({ time, fields }) => {
    return { ...fields as unknown as Counts, atS: (Date.parse(time) - startWallMs) / 1000 };
  });
}

/** Whether every report is accounted for exactly once. */
export function lawHolds(counts: Counts): boolean {
  const { received, published, filtered, invalid, in_flight } = counts;
  const dropped = counts.dropped_offline + counts.dropped_backpressure + counts.dropped_unacknowledged;
  return received === published + dropped + filtered + invalid + in_flight && in_flight >= 0;
}
