import { FILTER_REASONS, type FilterReason } from "./filter.ts";

/**
 * Every report received, accounted for exactly once, at any moment:
 * `received = published + droppedOffline + droppedBackpressure + droppedRateLimited + droppedUnacknowledged + filtered +
 * invalid + inFlight`.
 */
export interface Counters {
  /** Advertising reports read from the controller; a fragmented one counts once, when it is whole. */
  readonly received: number;
  /** Messages that reached the broker (QoS 1: acknowledged; QoS 0: written to the connection). */
  readonly published: number;
  /** Not published: no connection, or the connection was lost before the broker had the message. */
  readonly droppedOffline: number;
  /** Not published: the broker takes less than the air gives. */
  readonly droppedBackpressure: number;
  /** Not published: more than the broker takes of one connection, as configured. */
  readonly droppedRateLimited: number;
  /** Sent, but the broker did not say within the time allowed that it has the message (QoS 1). */
  readonly droppedUnacknowledged: number;
  /** Left out by the configured filter. */
  readonly filtered: number;
  /** Which of the filter's conditions those failed first; their sum is `filtered`. */
  readonly filteredBy: Readonly<Record<FilterReason, number>>;
  /** Reports, or what stood where a report belongs, that could not be read. */
  readonly invalid: number;
  /** On their way to the broker. */
  readonly inFlight: number;
  /** Malformed AD structures in reports that were otherwise fine; outside the sum. */
  readonly malformedStructures: number;
  /** Packets that were lost before they could be read, with however many reports in them; outside the sum. */
  readonly missed: number;
}

/** Where a report ends that is not left out by the filter. */
export type Fate =
  | "published"
  | "droppedOffline"
  | "droppedBackpressure"
  | "droppedRateLimited"
  | "droppedUnacknowledged"
  | "invalid";

/** Counts reports in such a way that the sum of {@linkcode Counters} holds by construction. */
export class ReportCounter {
  readonly #ended: Record<Fate | "filtered", number> = {
    published: 0,
    droppedOffline: 0,
    droppedBackpressure: 0,
    droppedRateLimited: 0,
    droppedUnacknowledged: 0,
    filtered: 0,
    invalid: 0,
  };
  readonly #filteredBy = Object.fromEntries(FILTER_REASONS.map((reason) => [reason, 0])) as Record<
    FilterReason,
    number
  >;
  #received = 0;
  #malformedStructures = 0;

  /** A report has come in; it is in flight until {@linkcode ended} is called for it. */
  received(malformedStructures = 0): void {
    this.#received++;
    this.#malformedStructures += malformedStructures;
  }

  /** A report in flight has ended. */
  ended(fate: Fate): void {
    this.#ended[fate]++;
  }

  /** A report in flight was left out. */
  filtered(reason: FilterReason): void {
    this.#ended.filtered++;
    this.#filteredBy[reason]++;
  }

  /** How many messages have reached the broker. */
  get published(): number {
    return this.#ended.published;
  }

  /** How many reports are between the two. */
  get inFlight(): number {
    const { published, filtered, invalid, ...dropped } = this.#ended;
    const { droppedOffline, droppedBackpressure, droppedRateLimited, droppedUnacknowledged } = dropped;
    const lost = droppedOffline + droppedBackpressure + droppedRateLimited + droppedUnacknowledged;
    return this.#received - published - lost - filtered - invalid;
  }

  /** What was counted, at this moment. */
  snapshot(): Omit<Counters, "missed"> {
    return {
      received: this.#received,
      ...this.#ended,
      filteredBy: { ...this.#filteredBy },
      inFlight: this.inFlight,
      malformedStructures: this.#malformedStructures,
    };
  }
}
