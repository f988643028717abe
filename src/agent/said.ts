import { AddressMap, type Advertisement } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";

/** At most this many devices are remembered; one that is forgotten may repeat itself at once. */
const MAX_DEVICES = 4_096;
/** Devices take turns between advertisement, scan response and beacon formats; what is older counts as new. */
const MAX_PAYLOADS = 4;

/** What one device said last: the digests of its data, and when they were published; monotonic, ms. */
interface Payloads {
  readonly digests: number[];
  readonly atMs: number[];
}

/**
 * Remembers what each device said last, so that repetitions can be told from news. Of the data a digest of 52 bits is
 * kept, so that what a device takes does not depend on how much it says. Each table has keys of its own for it: nobody
 * outside knows which data have the same.
 */
export class Said {
  #devices = new AddressMap<Payloads>(MAX_DEVICES);
  readonly #oneKey: number;
  readonly #otherKey: number;
  /** What was digested last: who is asked for news is noted right after. */
  #data: Uint8Array | null = null;
  #dataDigest = 0;

  /**
   * Has heard nothing yet.
   *
   * @param repeatMs after how long the same is news again
   * @param random numbers in [0, 1)
   */
  constructor(
    private readonly repeatMs: number,
    private readonly clock: Clock,
    random: () => number = Math.random,
  ) {
    this.#oneKey = random() * 2 ** 32 | 0;
    this.#otherKey = random() * 2 ** 32 | 0;
  }

  /** Whether the device has not said this within the time. */
  isNews({ address, data }: Advertisement): boolean {
    const payloads = this.#devices.get(address);
    if (payloads === undefined) return true;
    this.#devices.set(address, payloads); // who is in range is not forgotten for those who pass by
    const atMs = payloads.atMs[payloads.digests.indexOf(this.#digest(data))];
    return atMs === undefined || this.clock.monotonicMs() - atMs >= this.repeatMs;
  }

  /** The device says this now. */
  note({ address, data }: Advertisement): void {
    const { digests, atMs } = this.#devices.get(address) ?? { digests: [], atMs: [] };
    const digest = this.#digest(data);
    const known = digests.indexOf(digest);
    const at = known >= 0 ? known : digests.length < MAX_PAYLOADS ? digests.length : oldest(atMs);
    digests[at] = digest;
    atMs[at] = this.clock.monotonicMs();
    this.#devices.set(address, { digests, atMs });
  }

  /** All is news again. */
  forget(): void {
    this.#data = null;
    this.#devices = new AddressMap(MAX_DEVICES);
  }

  /** Two multiplicative hashes of 32 and 20 bits, each begun with a key. */
  #digest(data: Uint8Array): number {
    if (data === this.#data) return this.#dataDigest;
    let one = this.#oneKey, other = this.#otherKey;
    for (let at = 0; at < data.length; at++) {
      const byte = data[at] ?? 0;
      one = Math.imul(one ^ byte, 0x01000193);
      one ^= one >>> 15;
      other = Math.imul(other + byte, 0x2c1b3c6d);
      other ^= other >>> 13;
    }
    this.#data = data;
    return this.#dataDigest = (one >>> 0) * 2 ** 20 + (Math.imul(other ^ data.length, 0x297a2d39) >>> 12);
  }
}

function oldest(atMs: readonly number[]): number {
  return atMs.indexOf(Math.min(...atMs));
}
