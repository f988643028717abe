import type { Counters, FilterReason, Logger, Publisher, Vitals, VitalsChange } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";

/** What is published on `{stats.topic_prefix}/{scanner_id}`; {@linkcode Counters} explains the counts. */
export interface Stats {
  /** Identifier of the scanner. */
  readonly scanner_id: string;
  /** When the statistics were taken, UTC. */
  readonly timestamp: string;
  /** Seconds since the start. */
  readonly uptime_s: number;
  /** Seconds over which the rates were taken. */
  readonly interval_s: number;
  /** See {@linkcode Counters.received}. */
  readonly received: number;
  /** See {@linkcode Counters.published}. */
  readonly published: number;
  /** See {@linkcode Counters.droppedOffline}. */
  readonly dropped_offline: number;
  /** See {@linkcode Counters.droppedBackpressure}. */
  readonly dropped_backpressure: number;
  /** See {@linkcode Counters.droppedRateLimited}. */
  readonly dropped_rate_limited: number;
  /** See {@linkcode Counters.droppedUnacknowledged}. */
  readonly dropped_unacknowledged: number;
  /** See {@linkcode Counters.filtered}. */
  readonly filtered: number;
  /** See {@linkcode Counters.filteredBy}; conditions that have left nothing out are not there. */
  readonly filtered_by: Readonly<Partial<Record<FilterReason, number>>>;
  /** See {@linkcode Counters.invalid}. */
  readonly invalid: number;
  /** See {@linkcode Counters.inFlight}. */
  readonly in_flight: number;
  /** See {@linkcode Counters.malformedStructures}. */
  readonly malformed_structures: number;
  /** See {@linkcode Counters.missed}. */
  readonly missed: number;
  /** Reports received per second over the interval. */
  readonly received_per_s: number;
  /** Messages published per second over the interval. */
  readonly published_per_s: number;
  /** What held the rate of messages down over the interval, where that is known; null: nothing. */
  readonly limited_by: string | null;
  /** Different addresses heard over the interval, before any filter; see {@linkcode Vitals.devices}. */
  readonly devices: number;
  /** The broker that there is a connection to, `host:port` as configured; null: there is none. */
  readonly broker: string | null;
  /** Connections to the broker made after the first one, since the start. */
  readonly reconnects: number;
  /** See {@linkcode MemoryUse.heapBytes}. */
  readonly heap_bytes: number;
  /** See {@linkcode MemoryUse.rssBytes}. */
  readonly rss_bytes: number;
}

/** How statistics are reported; looked up each time, so that they may change. */
export interface StatsOptions {
  /** Who reports. */
  readonly scannerId: string;
  /** Where they are published; null: they are only logged. */
  readonly topic: string | null;
  /** Most messages that may wait for the broker's acknowledgement; null: it acknowledges none. */
  readonly maxInFlight: number | null;
}

/** The memory that this process holds. */
export interface MemoryUse {
  /** JavaScript objects, those not yet collected included, in bytes. */
  readonly heapBytes: number;
  /** What is resident of the whole process, in bytes. */
  readonly rssBytes: number;
}

/** What a {@linkcode StatsReporter} works with. */
export interface StatsParts {
  /** What is true. */
  readonly vitals: Vitals;
  /** Takes the statistics. */
  readonly publisher: Publisher;
  /** Asked for each report. */
  readonly memory: () => MemoryUse;
  /** Time. */
  readonly clock: Clock;
  /** Where they are written. */
  readonly log: Logger;
}

/** Logs and publishes the counters, with their rates since the last time, after each interval and as a goodbye. */
export class StatsReporter implements Disposable {
  readonly #watching: Disposable;
  #lastMs: number;
  #last: Counters;

  /** Reports from now on, until it is disposed of. */
  constructor(private readonly options: StatsOptions, private readonly parts: StatsParts) {
    const { vitals } = parts;
    this.#lastMs = vitals.startedMs;
    this.#last = vitals.counters;
    this.#watching = vitals.onChange((change) => this.#changed(change));
  }

  /** Reports no more. */
  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
  }

  /** A start that failed has no statistics. */
  #changed(change: VitalsChange): void {
    const isLast = change === "ended" || change === "leaving";
    if (change === "interval" || isLast && this.parts.vitals.hasScanned) this.#report();
  }

  #report(): void {
    const { topic } = this.options;
    const stats = this.#take();
    const { scanner_id: _, timestamp: __, ...fields } = stats;
    this.parts.log.info("statistics", fields);
    if (topic !== null) this.parts.publisher.announce(topic, JSON.stringify(stats), { retain: false });
  }

  #take(): Stats {
    const { clock, memory, vitals } = this.parts;
    const { heapBytes, rssBytes } = memory();
    const nowMs = clock.monotonicMs();
    const now = vitals.counters;
    const intervalS = (nowMs - this.#lastMs) / 1000;
    const rate = (delta: number) => intervalS > 0 ? round(delta / intervalS) : 0;
    const stats: Stats = {
      scanner_id: this.options.scannerId,
      timestamp: new Date(clock.wallMs()).toISOString(),
      uptime_s: round((nowMs - vitals.startedMs) / 1000),
      interval_s: round(intervalS),
      ...countFields(now),
      received_per_s: rate(now.received - this.#last.received),
      published_per_s: rate(now.published - this.#last.published),
      limited_by: this.#limit(now, intervalS),
      devices: vitals.devices,
      broker: vitals.connection.kind === "online" ? vitals.connection.broker : null,
      reconnects: vitals.reconnects,
      heap_bytes: heapBytes,
      rss_bytes: rssBytes,
    };
    this.#lastMs = nowMs;
    this.#last = now;
    return stats;
  }

  /** While so many are under way without a break, the rate tells how long each of them is (Little's law). */
  #limit(now: Counters, intervalS: number): string | null {
    const { maxInFlight } = this.options;
    const published = now.published - this.#last.published;
    if (now.droppedRateLimited > this.#last.droppedRateLimited) return "max_rate";
    const isDropping = now.droppedBackpressure > this.#last.droppedBackpressure;
    if (maxInFlight === null || !isDropping || published === 0 || now.inFlight < FULL * maxInFlight) return null;
    const waitMs = Math.round(maxInFlight / published * intervalS * 1000);
    return `max_in_flight: ${maxInFlight} ÷ ${waitMs} ms per acknowledgement`;
  }
}

/** How full it has to be to count as full: some are acknowledged at any moment. */
const FULL = 0.9;

/** The counters under the names they have in statistics and in the log. */
export function countFields(counters: Counters): Pick<
  Stats,
  | "received"
  | "published"
  | "dropped_offline"
  | "dropped_backpressure"
  | "dropped_rate_limited"
  | "dropped_unacknowledged"
  | "filtered"
  | "filtered_by"
  | "invalid"
  | "in_flight"
  | "malformed_structures"
  | "missed"
> {
  return {
    received: counters.received,
    published: counters.published,
    dropped_offline: counters.droppedOffline,
    dropped_backpressure: counters.droppedBackpressure,
    dropped_rate_limited: counters.droppedRateLimited,
    dropped_unacknowledged: counters.droppedUnacknowledged,
    filtered: counters.filtered,
    filtered_by: Object.fromEntries(Object.entries(counters.filteredBy).filter(([, count]) => count > 0)),
    invalid: counters.invalid,
    in_flight: counters.inFlight,
    malformed_structures: counters.malformedStructures,
    missed: counters.missed,
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
