import { AddressTable } from "./address_table.ts";

/** What is known of some addresses: the values, at the numbers of the addresses. */
class Generation<V> {
  readonly #addresses = new AddressTable();
  readonly #values: V[] = [];

  get size(): number {
    return this.#values.length;
  }

  get(address: string): V | undefined {
    const number = this.#addresses.find(address);
    return number < 0 ? undefined : this.#values[number];
  }

  set(address: string, value: V): void {
    this.#values[this.#addresses.add(address)] = value;
  }
}

/**
 * A map from addresses that forgets: it holds at most `maxSize` entries, of them for certain the half used last.
 *
 * Entries live in two generations: those used since the last change, and those used before it. When the younger is
 * full, the older goes. An entry that came over from the older is in both, which costs its place alone.
 */
export class AddressMap<V> {
  #recent = new Generation<V>();
  #older = new Generation<V>();
  readonly #generationSize: number;

  /** Holds nothing yet. */
  constructor(maxSize: number) {
    this.#generationSize = Math.max(1, Math.floor(maxSize / 2));
  }

  /** How many entries it holds, those that are in both generations counted twice; at most `maxSize`. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** The value, or undefined. Looking does not count as use. */
  get(address: string): V | undefined {
    return this.#recent.get(address) ?? this.#older.get(address);
  }

  /** Sets a value, which counts as use. */
  set(address: string, value: V): void {
    this.#recent.set(address, value);
    if (this.#recent.size < this.#generationSize) return;
    this.#older = this.#recent;
    this.#recent = new Generation();
  }
}
