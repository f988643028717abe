import { AddressMap, type Advertisement } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";

/** Which reports are published. */
export interface FilterOptions {
  /** The weakest signal that passes, in dBm; null: any, unknown strength included. */
  readonly minRssiDbm: number | null;
  /** Only devices whose address begins with one of these (`AA:BB:CC…`, upper-case); empty: all. */
  readonly allow: readonly string[];
  /** No devices whose address begins with one of these; stronger than `allow`. */
  readonly deny: readonly string[];
  /** The most messages per second that one device gets; null: no bound. */
  readonly maxRatePerDevice: number | null;
}

/** At most this many devices are remembered for their rate; one that is forgotten may speak at once. */
const MAX_RATED_DEVICES = 4_096;

/** Sums of fractions of milliseconds are not exact. */
const ROUNDING_MS = 1e-6;

/** Decides report by report what is published. */
export class Filter {
  /** When each device's bucket is full again (monotonic, ms). */
  readonly #fullMs = new AddressMap<number>(MAX_RATED_DEVICES);

  /** Has heard of nobody yet. */
  constructor(private readonly options: FilterOptions, private readonly clock: Clock) {}

  /** Whether this report passes; one that does counts towards its device's rate. */
  accepts(advertisement: Advertisement): boolean {
    const { minRssiDbm, allow, deny } = this.options;
    const { address, rssiDbm } = advertisement;
    if (minRssiDbm !== null && (rssiDbm === null || rssiDbm < minRssiDbm)) return false;
    if (deny.some((prefix) => address.startsWith(prefix))) return false;
    if (allow.length > 0 && !allow.some((prefix) => address.startsWith(prefix))) return false;
    return this.#withinRate(address);
  }

  /** A bucket that holds one second's worth, as the time at which it would be full again. */
  #withinRate(address: string): boolean {
    const { maxRatePerDevice } = this.options;
    if (maxRatePerDevice === null) return true;
    const nowMs = this.clock.monotonicMs();
    const costMs = 1000 / maxRatePerDevice;
    const fullMs = Math.max(this.#fullMs.get(address) ?? nowMs, nowMs) + costMs;
    if (fullMs - nowMs > Math.max(1000, costMs) + ROUNDING_MS) return false;
    this.#fullMs.set(address, fullMs);
    return true;
  }
}
