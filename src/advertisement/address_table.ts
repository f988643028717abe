const FIRST_SLOTS = 256;

/**
 * Numbers different addresses in the order in which they come: 0, 1, 2 … An open hash table of numbers, which keeps no
 * text and takes nothing from the heap for an address that it knows: 16 to 40 bytes for each that it has.
 *
 * Who advertises chooses the addresses, so each table mixes them in a way of its own: whoever could tell which addresses
 * fall on the same place could make every look go through all of them.
 */
export class AddressTable {
  /** The addresses as whole numbers of 48 bits, in the order of their numbers. */
  readonly #keys: number[] = [];
  /** At a key's place, or the next that was free: its number, plus one. At least half are empty. */
  #slots = new Uint32Array(FIRST_SLOTS);
  readonly #highFactor: number;
  readonly #lowFactor: number;

  /**
   * Has no address yet.
   *
   * @param random numbers in [0, 1)
   */
  constructor(random: () => number = Math.random) {
    this.#highFactor = oddNumber(random);
    this.#lowFactor = oddNumber(random);
  }

  /** How many addresses have a number. */
  get size(): number {
    return this.#keys.length;
  }

  /** The number of an address, `AA:BB:CC:DD:EE:FF`; -1: it has none. */
  find(address: string): number {
    return (this.#slots[this.#slotOf(keyOf(address))] ?? 0) - 1;
  }

  /** The number of an address, which it gets now where it has none. */
  add(address: string): number {
    const key = keyOf(address);
    const slot = this.#slotOf(key);
    const number = (this.#slots[slot] ?? 0) - 1;
    if (number >= 0) return number;
    const size = this.#keys.push(key);
    this.#slots[slot] = size;
    if (2 * size > this.#slots.length) this.#grow();
    return size - 1;
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (const [number, key] of this.#keys.entries()) this.#slots[this.#slotOf(key)] = number + 1;
  }

  /** Where a key is, or would be. */
  #slotOf(key: number): number {
    const slots = this.#slots, keys = this.#keys;
    const mask = slots.length - 1;
    let slot = this.#hash(key) & mask;
    for (let size = slots[slot] ?? 0; size !== 0 && keys[size - 1] !== key; size = slots[slot] ?? 0) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Multiplicative hashing of both halves, then all bits mixed into the low ones. */
  #hash(key: number): number {
    const product = Math.imul(key / 2 ** 24, this.#highFactor) ^ Math.imul(key % 2 ** 24, this.#lowFactor);
    const mixed = Math.imul(product ^ product >>> 15, 0x2c1b3c6d);
    return mixed ^ mixed >>> 13;
  }
}

/** Of 32 bits. */
function oddNumber(random: () => number): number {
  return random() * 2 ** 32 | 1;
}

function keyOf(address: string): number {
  const high = hexByte(address, 0) << 16 | hexByte(address, 3) << 8 | hexByte(address, 6);
  const low = hexByte(address, 9) << 16 | hexByte(address, 12) << 8 | hexByte(address, 15);
  return high * 2 ** 24 + low;
}

/** Two hexadecimal digits of upper case. */
function hexByte(text: string, at: number): number {
  return hexDigit(text.charCodeAt(at)) << 4 | hexDigit(text.charCodeAt(at + 1));
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : code - 0x37;
}
