import type { Clock } from "../time/mod.ts";

/** TCP, two of TLS, CONNACK. */
const ROUND_TRIPS = 4;

/** The time that an attempt to connect takes, and may take: more on a slow way, as TCP shows it to be. */
export class Attempt {
  readonly #sinceMs: number;
  readonly #over = new AbortController();
  #tcpMs = Infinity;
  #acceptedMs = Infinity;

  /**
   * @param timeoutMs what it may take where answers take no time
   * @param roundTripMs what answers took on the last connection
   */
  constructor(private readonly clock: Clock, private readonly timeoutMs: number, private readonly roundTripMs: number) {
    this.#sinceMs = clock.monotonicMs();
  }

  /**
   * What it may take. TCP alone never more than twice the usual: it begins again after waits that double, and would be
   * late to find a broker that is back.
   */
  get limitMs(): number {
    const { timeoutMs, roundTripMs } = this;
    if (this.#tcpMs === Infinity) return timeoutMs + Math.min(timeoutMs, ROUND_TRIPS * roundTripMs);
    return timeoutMs + ROUND_TRIPS * Math.max(this.#tcpMs, roundTripMs);
  }

  /** What an answer took: that of TCP or of the broker. */
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

  /** Resolves when it has taken longer than it may; not where it ends before. */
  async late(): Promise<void> {
    for (let leftMs = this.limitMs; leftMs > 0; leftMs = this.limitMs - this.#elapsedMs) {
      await this.clock.sleep(leftMs, this.#over.signal);
    }
  }

  get #elapsedMs(): number {
    return this.clock.monotonicMs() - this.#sinceMs;
  }
}
