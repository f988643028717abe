/** A second as the broker counts it, and a quarter for messages that the network delays more than others. */
const WINDOW_MS = 1_250;

/** At most so many messages in any second at the broker, whenever it begins. */
export class RateLimit {
  /** When the last ones were sent (monotonic), the oldest at `#oldest`. */
  readonly #sentMs: Float64Array;
  #oldest = 0;

  constructor(mostPerSecond: number) {
    this.#sentMs = new Float64Array(mostPerSecond).fill(-Infinity);
  }

  /** How long until one more may be sent, in milliseconds; 0: not at all. */
  waitMs(nowMs: number): number {
    return Math.max(0, (this.#sentMs[this.#oldest] ?? -Infinity) + WINDOW_MS - nowMs);
  }

  /** One is sent, whether it should be or not. */
  sent(nowMs: number): void {
    this.#sentMs[this.#oldest] = nowMs;
    this.#oldest = (this.#oldest + 1) % this.#sentMs.length;
  }
}
