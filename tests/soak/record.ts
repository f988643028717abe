import type { Counts } from "../support/counts.ts";
import type { Memory } from "../support/memory.ts";
import type { Fault } from "./faults.ts";

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
