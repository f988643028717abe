/** Slots while few devices are about; a power of two. */
const FIRST_SLOTS = 1_024;
/** Counted exactly up to here: what changes its address all the time must not fill the memory. */
export const MOST_DEVICES = 65_536;

/**
 * Counts the different addresses heard, up to {@linkcode MOST_DEVICES}. An open hash table of numbers, which holds no
 * text and takes nothing from the heap for an address that it knows: 8 KiB for up to 512 devices, 1 MiB at most.
 */
export class DeviceCount {
  /** Two numbers for each slot, of 24 bits each: the address; 0 in the first: empty. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #count = 0;

  /** Notes an address, `AA:BB:CC:DD:EE:FF`. */
  heard(address: string): void {
    if (this.#count >= MOST_DEVICES) return;
    const high = 1 + (hexByte(address, 0) << 16 | hexByte(address, 3) << 8 | hexByte(address, 6));
    const low = hexByte(address, 9) << 16 | hexByte(address, 12) << 8 | hexByte(address, 15);
    if (!insert(this.#slots, high, low)) return;
    this.#count++;
    if (4 * this.#count > this.#slots.length) this.#grow();
  }

  /** How many different ones were noted since this was asked last. */
  take(): number {
    const count = this.#count;
    this.#count = 0;
    if (this.#slots.length > 2 * FIRST_SLOTS) this.#slots = new Uint32Array(2 * FIRST_SLOTS);
    else this.#slots.fill(0);
    return count;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = this.#slots = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 2) {
      const high = old[at] ?? 0;
      if (high !== 0) insert(slots, high, old[at + 1] ?? 0);
    }
  }
}

/** False: it is there already. */
function insert(slots: Uint32Array, high: number, low: number): boolean {
  const mask = slots.length - 1;
  let at = 2 * (Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b)) >>> 7 & mask & ~1;
  for (; slots[at] !== 0; at = (at + 2) & mask) {
    if (slots[at] === high && slots[at + 1] === low) return false;
  }
  slots[at] = high;
  slots[at + 1] = low;
  return true;
}

/** Two hexadecimal digits of upper case. */
function hexByte(text: string, at: number): number {
  return hexDigit(text.charCodeAt(at)) << 4 | hexDigit(text.charCodeAt(at + 1));
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : code - 0x37;
}
