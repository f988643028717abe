/** What a legacy event may hold by its PDU, and an extended one by the low five bits of its event type. */
const LEGACY_TYPES = [0, 1, 2, 3, 4];
const RESERVED_EXTENDED_TYPES = [0x11, 0x14, 0x16, 0x17, 0x18, 0x19, 0x1c, 0x1d, 0x1e, 0x1f];
const MOST_CHAINS = 64;
const MOST_CHAIN_MS = 1_000;
const MOST_BYTES = 1_650;

interface Chain {
  readonly sinceMs: number;
  readonly hex: string;
}

/**
 * Reads advertising reports a second time, simply and slowly, from the tables of the specification:
 * what the reader under test finds has to be the same.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part E, 7.7.65.2 and 7.7.65.13
 */
export class ReferenceReader {
  readonly #chains = new Map<string, Chain>();

  /** Advertisements that wait for their last fragment. */
  get pending(): number {
    return this.#chains.size;
  }

  /** What one packet brings to an end: `invalid`, or address, strength and data of an advertisement. */
  read(packet: Uint8Array, nowMs: number): string[] {
    const hex = packet.toHex();
    if (!hex.startsWith("043e")) return [];
    const found = this.#expire(nowMs);
    const [length, subevent, count] = [packet[2], packet[3], packet[4]];
    if (subevent === undefined) return [...found, "invalid"];
    if (subevent !== 0x02 && subevent !== 0x0d) return found;
    if (length !== packet.length - 3 || !count) return [...found, "invalid"];
    let rest = hex.slice(10);
    for (let left = count; left > 0; left--) {
      const size = subevent === 0x02 ? legacySize(rest) : extendedSize(rest);
      if (size === null) return [...found, "invalid"];
      found.push(...subevent === 0x02 ? legacy(rest.slice(0, size)) : this.#extended(rest.slice(0, size), nowMs));
      rest = rest.slice(size);
    }
    return rest === "" ? found : [...found, "invalid"];
  }

  #extended(report: string, nowMs: number): string[] {
    const type = number(report, 0);
    if (RESERVED_EXTENDED_TYPES.includes(type & 0x1f)) return ["invalid"];
    const key = `${report.slice(4, 18)} ${report.slice(22, 24)} ${type & 0x08}`;
    const chain = this.#chains.get(key);
    const hex = (chain?.hex ?? "") + report.slice(48);
    const status = type >> 5 & 3;
    if (status === 1) return this.#wait(key, { sinceMs: chain?.sinceMs ?? nowMs, hex });
    this.#chains.delete(key);
    if (status === 3) return ["invalid"];
    if (chain !== undefined && hex.length > 2 * MOST_BYTES) return ["invalid"];
    return [`${address(report.slice(6, 18))} ${dbm(number(report, 13))} ${hex}`];
  }

  #wait(key: string, chain: Chain): string[] {
    const isFull = !this.#chains.has(key) && this.#chains.size === MOST_CHAINS;
    if (isFull) this.#chains.delete([...this.#chains.keys()][0] ?? "");
    this.#chains.set(key, chain);
    return isFull ? ["invalid"] : [];
  }

  #expire(nowMs: number): string[] {
    const old = [...this.#chains].filter(([, { sinceMs }]) => nowMs - sinceMs > MOST_CHAIN_MS);
    for (const [key] of old) this.#chains.delete(key);
    return old.map(() => "invalid");
  }
}

/** How many digits the first report takes; null: it is not all there. */
function legacySize(rest: string): number | null {
  const size = 2 * (10 + number(rest, 8));
  return rest.length < size || rest.length < 20 ? null : size;
}

function extendedSize(rest: string): number | null {
  const size = 2 * (24 + number(rest, 23));
  return rest.length < size || rest.length < 48 ? null : size;
}

function legacy(report: string): string[] {
  if (!LEGACY_TYPES.includes(number(report, 0))) return ["invalid"];
  return [`${address(report.slice(4, 16))} ${dbm(number(report, report.length / 2 - 1))} ${report.slice(18, -2)}`];
}

/** The byte at an offset; 0: there is none. */
function number(hex: string, at: number): number {
  return parseInt(hex.slice(2 * at, 2 * at + 2), 16) || 0;
}

function address(hex: string): string {
  return (hex.toUpperCase().match(/../g) ?? []).toReversed().join(":");
}

function dbm(byte: number): number | null {
  if (byte === 127) return null;
  return byte > 127 ? byte - 256 : byte;
}
