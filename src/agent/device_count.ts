import { AddressTable } from "../advertisement/mod.ts";

/** Counted exactly up to here: what changes its address all the time must not fill the memory. */
export const MOST_DEVICES = 65_536;

/** Counts the different addresses heard, up to {@linkcode MOST_DEVICES}, which take 1.5 MB. */
export class DeviceCount {
  #heard = new AddressTable();

  /** Notes an address, `AA:BB:CC:DD:EE:FF`. */
  heard(address: string): void {
    if (this.#heard.size < MOST_DEVICES) this.#heard.add(address);
  }

  /** How many different ones were noted since this was asked last. */
  take(): number {
    const { size } = this.#heard;
    this.#heard = new AddressTable();
    return size;
  }
}
