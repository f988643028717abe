import type { Clock } from "../time/mod.ts";
import type { Counters } from "./counters.ts";
import type { Logger, Publisher } from "./ports.ts";
import type { Stats } from "./status_schema.ts";

/** How statistics are reported. */
export interface StatsOptions {
  readonly scannerId: string;
  /** From one report to the next, in milliseconds. */
  readonly intervalMs: number;
  /** Where they are published; null: they are only logged. */
  readonly topic: string | null;
}

/** What a {@linkcode StatsReporter} works with. */
export interface StatsParts {
  readonly counters: () => Counters;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Logs and publishes the counters with their rates since the last time. */
export class StatsReporter {
  readonly #startedMs: number;
  #lastMs: number;
  #last: Counters;

  constructor(private readonly options: StatsOptions, private readonly parts: StatsParts) {
    this.#startedMs = this.#lastMs = parts.clock.monotonicMs();
    this.#last = parts.counters();
  }

  /** Reports once. */
  report(): void {
    const { topic } = this.options;
    const stats = this.#take();
    const { scanner_id: _, timestamp: __, ...fields } = stats;
    this.parts.log.info("statistics", fields);
    if (topic !== null) this.parts.publisher.announce(topic, JSON.stringify(stats), { retain: false });
  }

  #take(): Stats {
    const { clock, counters } = this.parts;
    const nowMs = clock.monotonicMs();
    const now = counters();
    const intervalS = (nowMs - this.#lastMs) / 1000;
    const rate = (delta: number) => intervalS > 0 ? round(delta / intervalS) : 0;
    const stats: Stats = {
      scanner_id: this.options.scannerId,
      timestamp: new Date(clock.wallMs()).toISOString(),
      uptime_s: round((nowMs - this.#startedMs) / 1000),
      interval_s: round(intervalS),
      received: now.received,
      published: now.published,
      dropped_offline: now.droppedOffline,
      dropped_backpressure: now.droppedBackpressure,
      filtered: now.filtered,
      invalid: now.invalid,
      in_flight: now.inFlight,
      malformed_structures: now.malformedStructures,
      received_per_s: rate(now.received - this.#last.received),
      published_per_s: rate(now.published - this.#last.published),
    };
    this.#lastMs = nowMs;
    this.#last = now;
    return stats;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
