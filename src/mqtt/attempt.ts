import type { Clock } from "../time/mod.ts";

/** One for TCP, two for TLS, one for CONNACK. */
const ROUND_TRIPS = 4;

/** How long an attempt to connect takes, and how long it may take: longer on a slow network path, as shown by TCP. */
export class Attempt {
  readonly #sinceMs: number;
  readonly #over = new AbortController();
  #tcpMs = Infinity;
  #acceptedMs = Infinity;

  /**
   * @param timeoutMs what it may take if answers come at once
   * @param roundTripMs the round trip measured on the last connection
   */
  constructor(private readonly clock: Clock, private readonly timeoutMs: number, private readonly roundTripMs: number) {
    this.#sinceMs = clock.monotonicMs();
  }

  /**
   * What it may take. TCP alone never gets more than twice the usual time: its retries back off exponentially, so it
   * would be late to notice that a broker is back.
   */
  get limitMs(): number {
    const { timeoutMs, roundTripMs } = this;
    if (this.#tcpMs === Infinity) return timeoutMs + Math.min(timeoutMs, ROUND_TRIPS * roundTripMs);
    return timeoutMs + ROUND_TRIPS * Math.max(this.#tcpMs, roundTripMs);
  }

  /** The shorter of the two round trips: TCP's or the broker's. */
  get shortestMs(): number {
    return Math.min(this.#tcpMs, this.#acceptedMs - this.#tcpMs);
  }

  /** There is a TCP connection. */
  connected(): void {
    this.#tcpMs = this.#elapsedMs;
  }

  /** The broker has accepted. */
  accepted(): void {
    this.#acceptedMs = this.#elapsedMs;
    this.end();
  }

  /** It has failed, or succeeded. */
  end(): void {
    this.#over.abort();
  }

  /** Resolves when the attempt has taken too long; rejects if it ends before that. */
  async late(): Promise<void> {
    for (let leftMs = this.limitMs; leftMs > 0; leftMs = this.limitMs - this.#elapsedMs) {
      await this.clock.sleep(leftMs, this.#over.signal);
    }
  }

  get #elapsedMs(): number {
    return this.clock.monotonicMs() - this.#sinceMs;
  }
}
