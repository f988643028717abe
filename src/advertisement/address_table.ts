const FIRST_SLOTS = 256;

/**
 * Numbers different addresses in the order in which they come: 0, 1, 2 … An open hash table of numbers, which keeps no
 * text and takes nothing from the heap for an address that it knows: 24 bytes or less for each that it has.
 */
export class AddressTable {
  /** The addresses as whole numbers of 48 bits, in the order of their numbers. */
  readonly #keys: number[] = [];
  /** At a key's place, or the next that was free: its number, plus one. At least half are empty. */
  #slots = new Uint32Array(FIRST_SLOTS);

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
    let slot = hash(key) & mask;
    for (let size = slots[slot] ?? 0; size !== 0 && keys[size - 1] !== key; size = slots[slot] ?? 0) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}

function keyOf(address: string): number {
  const high = hexByte(address, 0) << 16 | hexByte(address, 3) << 8 | hexByte(address, 6);
  const low = hexByte(address, 9) << 16 | hexByte(address, 12) << 8 | hexByte(address, 15);
  return high * 2 ** 24 + low;
}

/** Multiplicative hashing of both halves; the upper bits are the best mixed. */
function hash(key: number): number {
  return (Math.imul(key / 2 ** 24, 0x9e3779b1) ^ Math.imul(key % 2 ** 24, 0x85ebca6b)) >>> 8;
}

/** Two hexadecimal digits of upper case. */
function hexByte(text: string, at: number): number {
  return hexDigit(text.charCodeAt(at)) << 4 | hexDigit(text.charCodeAt(at + 1));
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : code - 0x37;
}
