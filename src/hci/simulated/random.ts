/**
 * 32 well-spread bits that depend on three numbers: the same for the same numbers, unlike for
 * neighbours.
 */
export function mix(a: number, b: number, c = 0): number {
  return spread(spread(spread(a) ^ b) ^ c);
}

/** Numbers that look random and are the same for the same seed. */
export class Random {
  #count = 0;

  constructor(private readonly seed: number) {}

  /** An integer from 0 to `bound` - 1, `bound` at most 2^32. */
  below(bound: number): number {
    return Math.floor((mix(this.seed, this.#count++) / 2 ** 32) * bound);
  }
}

/** The finaliser of MurmurHash3, begun off 0, which it would leave as it is. */
function spread(value: number): number {
  let bits = value + 0x9e3779b9;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
