import type { HistoryView, SampleCounts } from "../contract.ts";

const HOUR_MS = 3_600_000;

/** One sample: what was counted, until when, over how long. */
export interface Sample extends SampleCounts {
  readonly atMs: number;
  readonly spanMs: number;
}

/** The samples of the last hour. */
export class Hour {
  #samples: Sample[] = [];

  /** Takes what is new, or all there is; returns whether that is anything. */
  update(history: HistoryView, nowMs: number, isWhole: boolean): boolean {
    const before = isWhole ? [] : this.#samples.filter(({ atMs }) => nowMs - atMs <= HOUR_MS);
    const lastMs = before.at(-1)?.atMs ?? -Infinity;
    const fresh = history.atMs.map((_, index) => sampleAt(history, index)).filter(({ atMs }) => atMs > lastMs);
    this.#samples = [...before, ...fresh];
    return isWhole || fresh.length > 0;
  }

  /** Oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** How many were counted in the hour. */
  total(key: keyof SampleCounts): number {
    return this.#samples.reduce((sum, sample) => sum + sample[key], 0);
  }
}

function sampleAt(history: HistoryView, index: number): Sample {
  const at = (values: readonly number[]) => values[index] ?? 0;
  return {
    atMs: at(history.atMs),
    spanMs: at(history.spanMs),
    received: at(history.received),
    published: at(history.published),
    droppedOffline: at(history.droppedOffline),
    droppedBackpressure: at(history.droppedBackpressure),
    droppedRateLimited: at(history.droppedRateLimited),
    droppedUnacknowledged: at(history.droppedUnacknowledged),
    filtered: at(history.filtered),
    invalid: at(history.invalid),
  };
}

/** How many a second. */
export function perS(sample: Sample, key: keyof SampleCounts): number {
  return sample.spanMs > 0 ? sample[key] * 1000 / sample.spanMs : 0;
}
