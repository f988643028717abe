import type { ReceivedMessage, SubscriptionState } from "../../mqtt/subscriber.ts";
import { type ReadStats, readStats, type ReadStatus, readStatus } from "../../status/schema.ts";
import type { Clock } from "../../time/mod.ts";

/** Ten times as many as one Mosquitto was measured with. */
const MOST_SCANNERS = 10_000;
/** How many topics are named on which something else was found. */
const MOST_FOREIGN = 100;
/** What the configuration takes for a scanner's id. */
const SCANNER_ID = /^[A-Za-z0-9._-]{1,64}$/;
const LONGEST_TOPIC = 200;

/** The longest packet that is read, in bytes; a status has less than 1,000. */
export const MOST_PACKET_BYTES = 16_384;

/** Statistics, and when they came (monotonic). */
export interface ArrivedStats {
  readonly stats: ReadStats;
  readonly atMs: number;
}

/** What one scanner has told, as long as somebody listened. Times are of this machine's monotonic clock. */
export interface KnownScanner {
  readonly id: string;
  /** Its latest status; null: none came. */
  readonly status: ReadStatus | null;
  /** When that came; null: the broker had kept it, nobody knows for how long, or there is none. */
  readonly statusMs: number | null;
  /** Its latest statistics, and those before them since it was started; null: none came. */
  readonly latest: ArrivedStats | null;
  readonly previous: ArrivedStats | null;
}

/** Something on a scanner's topic that no scanner has published. */
export interface Foreign {
  readonly topic: string;
  readonly why: string;
}

/** Where scanners publish. */
export interface FleetTopics {
  readonly status: string;
  readonly stats: string;
}

/** What is known of all scanners at a broker: as much as they told, within bounds, and nothing that is not theirs. */
export class Fleet {
  /** Whether the broker gave a status that it had kept. */
  hasRetained = false;
  /** When the last one appeared that was not known before (monotonic). */
  appearedMs = -Infinity;
  /** How many messages came of scanners that there was no room for. */
  unkept = 0;
  readonly #scanners = new Map<string, KnownScanner>();
  readonly #foreign = new Map<string, Foreign>();

  #connection: SubscriptionState = { kind: "connecting" };

  constructor(private readonly topics: FleetTopics, private readonly clock: Clock) {}

  /** What is known of the connection. */
  get connection(): SubscriptionState {
    return this.#connection;
  }

  /** The connection has changed. */
  setConnection(state: SubscriptionState): void {
    this.#connection = state;
  }

  /** Those of which something is known, in the order in which they appeared. */
  get scanners(): ReadonlyMap<string, KnownScanner> {
    return this.#scanners;
  }

  /** What else was found on their topics. */
  get foreign(): readonly Foreign[] {
    return [...this.#foreign.values()];
  }

  /** Takes what was published, whoever did. */
  take({ topic, payload, isRetained }: ReceivedMessage): void {
    const place = placeOf(topic, this.topics);
    if (place === null) return; // nobody has asked for it
    const why = SCANNER_ID.test(place.id)
      ? this.#read(place, payload, isRetained)
      : "this is no topic of a scanner: an id is 1 to 64 of A-Z a-z 0-9 . _ -";
    if (why === null) this.#foreign.delete(topic);
    else if (this.#foreign.size < MOST_FOREIGN) {
      this.#foreign.set(topic, { topic: topic.slice(0, LONGEST_TOPIC), why });
    }
  }

  /** Returns why it is not taken; null: it is. */
  #read({ id, kind }: Place, payload: Uint8Array | null, isRetained: boolean): string | null {
    if (payload === null) return `more than ${MOST_PACKET_BYTES} bytes, which no scanner publishes`;
    if (payload.length === 0) return this.#forget(id, kind);
    const text = decoded(payload);
    if (kind === "status") {
      const status = text === null ? null : readStatus(text);
      return misfit(id, status, "no status of a scanner") ?? this.#takeStatus(id, status, isRetained);
    }
    const stats = text === null ? null : readStats(text);
    return misfit(id, stats, "no statistics of a scanner") ?? this.#takeStats(id, stats, isRetained);
  }

  #takeStatus(id: string, status: ReadStatus | null, isRetained: boolean): null {
    if (isRetained) this.hasRetained = true;
    const known = this.#scanners.get(id);
    // After the connection was lost the broker tells again what it has kept, which is no news.
    const isKnown = isRetained && known?.status !== null && JSON.stringify(known?.status) === JSON.stringify(status);
    if (!isKnown) this.#keep(id, { status, statusMs: isRetained ? null : this.clock.monotonicMs() });
    return null;
  }

  #takeStats(id: string, stats: ReadStats | null, isRetained: boolean): null {
    if (stats === null || isRetained) return null; // nobody retains statistics; they would be of any age
    const latest = this.#scanners.get(id)?.latest ?? null;
    const isRestarted = latest !== null && stats.uptime_s < latest.stats.uptime_s;
    this.#keep(id, { latest: { stats, atMs: this.clock.monotonicMs() }, previous: isRestarted ? null : latest });
    return null;
  }

  /** An empty retained message is how one has a broker forget what it has kept. */
  #forget(id: string, kind: Place["kind"]): null {
    if (kind === "status") this.#scanners.delete(id);
    return null;
  }

  #keep(id: string, news: Partial<KnownScanner>): void {
    const known = this.#scanners.get(id);
    if (known === undefined) {
      if (this.#scanners.size >= MOST_SCANNERS) return void this.unkept++;
      this.appearedMs = this.clock.monotonicMs();
    }
    this.#scanners.set(id, { id, status: null, statusMs: null, latest: null, previous: null, ...known, ...news });
  }
}

interface Place {
  readonly kind: "status" | "stats";
  readonly id: string;
}

/** RabbitMQ makes a dot in a level of a topic a slash: what is left of the topic is the id. */
function placeOf(topic: string, { status, stats }: FleetTopics): Place | null {
  const kinds = [["status", status], ["stats", stats]] as const;
  const [longer, shorter] = stats.length > status.length ? [kinds[1], kinds[0]] : kinds;
  for (const [kind, prefix] of [longer, shorter]) {
    if (topic.startsWith(`${prefix}/`)) return { kind, id: topic.slice(prefix.length + 1).replaceAll("/", ".") };
  }
  return null;
}

function misfit(id: string, told: { readonly scanner_id: string } | null, what: string): string | null {
  if (told === null) return what;
  return told.scanner_id === id ? null : `it says to be of ${told.scanner_id.slice(0, 64)}`;
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
