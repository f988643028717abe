import { type Advertiser, ADVERTISER_KINDS, type AdvertiserKind } from "./advertiser_kinds.ts";
import { mix } from "./random.ts";

/** A registered prefix of public addresses. */
const PUBLIC_PREFIX = 0xa4c138;
const STATIC_BITS = 0xc0_0000;
const RESOLVABLE_BITS = 0x40_0000;
const PREFIX_RANDOM_BITS = 0x3f_ffff;

/**
 * Any number of advertisers, each computed from its index and the seed when it is asked for, so that
 * none has to be kept.
 */
export class Crowd {
  readonly #kinds: readonly AdvertiserKind[] = ADVERTISER_KINDS.flatMap((kind) =>
    new Array<AdvertiserKind>(kind.share).fill(kind)
  );

  /** @param addressLifetimeMs how long a resolvable private address is used */
  constructor(private readonly seed: number, private readonly addressLifetimeMs: number) {}

  /** 32 bits that distinguish the advertiser with this index from others. */
  id(index: number): number {
    return mix(this.seed, index);
  }

  /** The kind of the advertiser with this id. */
  kind(id: number): AdvertiserKind {
    const kind = this.#kinds[mix(id, 0) % this.#kinds.length];
    if (kind === undefined) throw new RangeError(`No kind of advertiser for ${id}`);
    return kind;
  }

  /** The advertiser of this index at a moment. */
  advertiser(index: number, ageMs: number): Advertiser & { readonly kind: AdvertiserKind } {
    const id = this.id(index);
    const kind = this.kind(id);
    // Each changes its address at moments of its own.
    const epoch = kind.address === "resolvable"
      ? Math.floor((ageMs + id % this.addressLifetimeMs) / this.addressLifetimeMs)
      : 0;
    return { id, kind, epoch, ageMs, address: this.#address(kind, index, id, epoch) };
  }

  #address(kind: AdvertiserKind, index: number, id: number, epoch: number): Uint8Array {
    // An odd factor modulo 2^24 gives no two of 16 million advertisers the same low half.
    const own = Math.imul(index, 0x9e3779b1) + this.seed;
    switch (kind.address) {
      case "public":
        return address(PUBLIC_PREFIX, own);
      case "static":
        return address(STATIC_BITS | (mix(id, 1) & PREFIX_RANDOM_BITS), own);
      case "resolvable":
        return address(RESOLVABLE_BITS | (mix(id, 2, epoch) & PREFIX_RANDOM_BITS), mix(id, 3, epoch));
    }
  }
}

/** Six bytes, least significant first, from the low 24 bits of two numbers. */
function address(high: number, low: number): Uint8Array {
  return Uint8Array.of(low, low >> 8, low >> 16, high, high >> 8, high >> 16);
}
