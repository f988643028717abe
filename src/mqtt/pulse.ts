import type { Clock } from "../time/mod.ts";

/** What may always be in flight: two seconds at 64 kbit/s, some fifty messages. */
const LEAST_WINDOW_BYTES = 16_384;
/** Enough for 5,000 messages a second with a round trip of two seconds. */
const MOST_WINDOW_BYTES = 4_194_304;
/** Shortest time between pings while there is room for more. */
const PING_INTERVAL_MS = 250;
/** How much the rate must grow to show that there is room for more. */
const FASTER = 1.25;
/** How long a peer whose answers come at once may be silent. With less, a busy one would be suspected. */
const LEAST_PATIENCE_MS = 2_000;

/** A PINGREQ that has no answer yet. */
interface Mark {
  readonly atMs: number;
  /** Bytes written before it, since the connection began. */
  readonly written: number;
  /** How many of these bytes were in flight at that time. */
  readonly underWay: number;
}

/**
 * Learns from pings how fast a connection is, and limits what is in flight accordingly.
 *
 * A broker reads in order: its answer to a PINGREQ shows that everything written before it has arrived, and how long
 * that took. Neither MQTT at QoS 0 nor Deno's sockets show this otherwise, and the kernel buffers megabytes for a link
 * that carries eight kilobytes a second. What may be in flight is what arrives within `queueingMs`; it doubles with
 * each answer while there is use for more.
 *
 * @see MQTT 3.1.1, 3.12 (PINGREQ), 4.6 (message ordering)
 */
export class Pulse {
  readonly #pings: Mark[] = [];
  #windowBytes = LEAST_WINDOW_BYTES;
  #written = 0;
  #arrived = 0;
  #pingedMs = -Infinity;
  #answeredMs = -Infinity;
  #roundTripMs: number;
  #shortestMs: number;
  #bytesPerMs = Infinity;

  /**
   * @param queueingMs how long bytes may queue on the way, beyond the round trip itself
   * @param roundTripMs a first estimate of the round trip: what it took to connect
   */
  constructor(private readonly clock: Clock, private readonly queueingMs: number, roundTripMs: number) {
    this.#roundTripMs = this.#shortestMs = roundTripMs;
  }

  /** How long the last answers took. */
  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** Everything sent before this time has been answered (monotonic). */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  /** Whether an answer is awaited. */
  get isPinging(): boolean {
    return this.#pings.length > 0;
  }

  /** How long a silence may last: grows with the round trip, and with what is queued ahead of the awaited answer. */
  get patienceMs(): number {
    const [ping] = this.#pings;
    const share = ping === undefined ? 1 : Math.max(1, ping.underWay / this.#windowBytes);
    return LEAST_PATIENCE_MS + 2 * this.#roundTripMs * share;
  }

  /** Whether this many more bytes may be written. */
  fits(bytes: number): boolean {
    const underWay = this.#written - this.#arrived;
    return underWay === 0 || underWay + bytes <= this.#windowBytes;
  }

  /** Whether it is time for a ping: this many more bytes do not fit, or half of what fits is in flight. */
  isDue(bytes: number): boolean {
    if (this.isPinging) return false;
    if (!this.fits(bytes)) return true;
    const isHalf = 2 * (this.#written - this.#arrived) >= this.#windowBytes;
    return isHalf && this.clock.monotonicMs() >= this.#pingedMs + PING_INTERVAL_MS;
  }

  /** This many bytes were written. */
  wrote(bytes: number): void {
    this.#written += bytes;
  }

  /** A PINGREQ was written. */
  pinged(): void {
    this.#pingedMs = this.clock.monotonicMs();
    this.#pings.push({
      atMs: this.#pingedMs,
      written: this.#written,
      underWay: this.#written - this.#arrived,
    });
  }

  /** A PINGRESP has come. */
  answered(): void {
    const ping = this.#pings.shift();
    if (ping === undefined) return; // the broker answers what nobody asked
    const tookMs = this.clock.monotonicMs() - ping.atMs;
    this.#answeredMs = ping.atMs;
    this.#arrived = ping.written;
    this.#shortestMs = Math.min(this.#shortestMs, tookMs);
    this.#roundTripMs = Math.max(tookMs, (this.#roundTripMs + tookMs) / 2);
    this.#adapt(ping.underWay, tookMs);
  }

  /** This many bytes took this long. If the rate has grown, it was not the link that limited it before. */
  #adapt(bytes: number, tookMs: number): void {
    if (bytes === 0) return;
    const bytesPerMs = bytes / Math.max(tookMs, 1);
    const isFaster = bytesPerMs > FASTER * this.#bytesPerMs;
    this.#bytesPerMs = bytesPerMs;
    const queuedMs = Math.max(tookMs - this.#shortestMs, 1);
    const bearable = isFaster ? Infinity : bytes * this.queueingMs / queuedMs;
    const useful = Math.max(2 * bytes, this.#windowBytes / 2);
    this.#windowBytes = Math.min(Math.max(Math.min(bearable, useful), LEAST_WINDOW_BYTES), MOST_WINDOW_BYTES);
  }
}
