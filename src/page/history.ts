import type { Counters } from "../agent/mod.ts";
import type { HistoryView, SampleCounts } from "./contract.ts";

/** How often a sample is taken. */
export const SAMPLE_MS = 10_000;
/** An hour of them. */
const SAMPLES = 360;

const COUNTED = [
  "received",
  "published",
  "droppedOffline",
  "droppedBackpressure",
  "droppedRateLimited",
  "droppedUnacknowledged",
  "filtered",
  "invalid",
] as const satisfies readonly (keyof SampleCounts)[];

/** What was counted in the last hour, in samples: 15 kB, whatever happens. */
export class History {
  readonly #atMs = new Float64Array(SAMPLES);
  readonly #spanMs = new Float64Array(SAMPLES);
  readonly #counts = new Uint32Array(SAMPLES * COUNTED.length);
  #taken = 0;
  #last: SampleCounts;
  #lastMs: number;

  /** Begins with these counts, at this moment of the monotonic clock. */
  constructor(now: SampleCounts, nowMs: number) {
    this.#last = now;
    this.#lastMs = nowMs;
  }

  /** Notes what was counted since the last sample. */
  sample(now: Counters, nowMs: number): void {
    const at = this.#taken++ % SAMPLES;
    this.#atMs[at] = nowMs;
    this.#spanMs[at] = nowMs - this.#lastMs;
    COUNTED.forEach((key, column) => this.#counts[at * COUNTED.length + column] = now[key] - this.#last[key]);
    this.#last = now;
    this.#lastMs = nowMs;
  }

  /** The samples that ended at `sinceMs` or later, oldest first. */
  since(sinceMs: number): HistoryView {
    const atMs: number[] = [];
    const spanMs: number[] = [];
    const columns: number[][] = COUNTED.map(() => []);
    for (let sample = Math.max(0, this.#taken - SAMPLES); sample < this.#taken; sample++) {
      const at = sample % SAMPLES;
      const endMs = this.#atMs[at] ?? 0;
      if (endMs < sinceMs) continue;
      atMs.push(Math.round(endMs));
      spanMs.push(Math.round(this.#spanMs[at] ?? 0));
      columns.forEach((column, index) => column.push(this.#counts[at * COUNTED.length + index] ?? 0));
    }
    return { ...byName(columns), atMs, spanMs };
  }
}

function byName(columns: readonly number[][]): { readonly [Key in keyof SampleCounts]: readonly number[] } {
  const [
    received = [],
    published = [],
    droppedOffline = [],
    droppedBackpressure = [],
    droppedRateLimited = [],
    droppedUnacknowledged = [],
    filtered = [],
    invalid = [],
  ] = columns;
  const dropped = { droppedOffline, droppedBackpressure, droppedRateLimited, droppedUnacknowledged };
  return { received, published, ...dropped, filtered, invalid };
}
