import type { AdFields, AdvertisementDraft } from "./advertisement.ts";
import { formatUuid, uuidArray, type UuidBytes } from "./format.ts";

/** What the AD structures add to a message with the full fields. */
export interface FullAdFields {
  /** Null: none. */
  readonly flags?: number | null;
  /** Null: none. */
  readonly appearance?: number | null;
  /** Services sought. */
  readonly solicited_uuids?: readonly string[];
}

/** How a {@linkcode FullAdFields} key is written, and what its schema says. */
export interface FullAdField {
  /** Its value, as JSON text. */
  readonly json: (ad: AdFields) => string | number | null;
  /** `integer`: of 0 to `most`, or null; `uuids`: an array. */
  readonly schema: { readonly kind: "integer"; readonly most: number } | { readonly kind: "uuids" };
  /** For the schema. */
  readonly description: string;
}

/** The keys that AD structures add to a message with the full fields, in their order. */
export const FULL_AD_FIELDS: Readonly<Record<keyof FullAdFields, FullAdField>> = {
  flags: {
    json: ({ flags }) => flags,
    schema: { kind: "integer", most: 0xff },
    description: "Advertising flags; null: none",
  },
  appearance: {
    json: ({ appearance }) => appearance,
    schema: { kind: "integer", most: 0xffff },
    description: "Appearance; null: none",
  },
  solicited_uuids: {
    json: ({ solicitedUuids }) => uuidArray(solicitedUuids),
    schema: { kind: "uuids" },
    description: "Services sought",
  },
};

/** What is done with the content of an AD structure, which is at `start`–`end`; false: it is malformed. */
export type ReadAdStructure = (ad: AdvertisementDraft, data: Uint8Array, start: number, end: number) => boolean;

/**
 * The AD types that are read, by their number. Where a structure that should be there once is repeated, the first
 * counts; of a list of UUIDs whose end is cut, the whole ones are kept.
 *
 * A table of functions: measured, as fast as a `switch`.
 *
 * @see Assigned Numbers, 2.3; formats in Core Specification Supplement 11, Part A, 1
 */
export const AD_TYPES: readonly (ReadAdStructure | undefined)[] = byNumber({
  // May be empty, and is then all zero.
  0x01: (ad, data, start, end) => {
    ad.flags ??= end > start ? data[start] ?? 0 : 0;
    return true;
  },
  0x02: serviceUuids(2), // incomplete list
  0x03: serviceUuids(2),
  0x04: serviceUuids(4), // incomplete list
  0x05: serviceUuids(4),
  0x06: serviceUuids(16), // incomplete list
  0x07: serviceUuids(16),
  0x08: (ad, data, start, end) => { // shortened name
    ad.localName ??= readName(data, start, end);
    return true;
  },
  0x09: readCompleteName,
  0x0a: (ad, data, start, end) => {
    if (end - start < 1) return false;
    ad.txPowerDbm ??= int8(data, start);
    return true;
  },
  0x14: solicitedUuids(2),
  0x15: solicitedUuids(16),
  0x16: serviceData(2),
  0x19: (ad, data, start, end) => {
    if (end - start < 2) return false;
    ad.appearance ??= uint16(data, start);
    return true;
  },
  0x1f: solicitedUuids(4),
  0x20: serviceData(4),
  0x21: serviceData(16),
  0xff: (ad, data, start, end) => {
    if (end - start < 2) return false;
    const entry = { companyId: uint16(data, start), data: data.subarray(start + 2, end) };
    ad.manufacturerData = withEntry(ad.manufacturerData, entry);
    return true;
  },
});

function byNumber(types: Readonly<Record<number, ReadAdStructure>>): readonly (ReadAdStructure | undefined)[] {
  return Array.from({ length: 256 }, (_, type) => types[type]);
}

function serviceUuids(size: UuidBytes): ReadAdStructure {
  return (ad, data, start, end) => {
    ad.serviceUuids = withUuids(ad.serviceUuids, data, start, end, size);
    return (end - start) % size === 0;
  };
}

function solicitedUuids(size: UuidBytes): ReadAdStructure {
  return (ad, data, start, end) => {
    ad.solicitedUuids = withUuids(ad.solicitedUuids, data, start, end, size);
    return (end - start) % size === 0;
  };
}

function serviceData(size: UuidBytes): ReadAdStructure {
  return (ad, data, start, end) => {
    if (end - start < size) return false;
    const entry = { uuid: formatUuid(data, start, size), data: data.subarray(start + size, end) };
    ad.serviceData = withEntry(ad.serviceData, entry);
    return true;
  };
}

function withUuids(uuids: string[], data: Uint8Array, start: number, end: number, size: UuidBytes): string[] {
  let all = uuids;
  for (let at = start; at + size <= end; at += size) all = withEntry(all, formatUuid(data, at, size));
  return all;
}

/** The first few, of which there are seldom more, get a list of their size: V8 makes room for 17 as soon as one is pushed. */
function withEntry<T>(list: T[], entry: T): T[] {
  if (list.length < 4) return [...list, entry];
  list.push(entry);
  return list;
}

function readCompleteName(ad: AdvertisementDraft, data: Uint8Array, start: number, end: number): boolean {
  const name = ad.localNameComplete ? null : readName(data, start, end);
  if (name === null) return true;
  ad.localName = name;
  ad.localNameComplete = true;
  return true;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Names in fixed-size buffers come with their padding; a name of which nothing is left is none. */
function readName(data: Uint8Array, start: number, end: number): string | null {
  let nameEnd = end;
  while (nameEnd > start && data[nameEnd - 1] === 0) nameEnd--;
  return nameEnd === start ? null : readUtf8(data, start, nameEnd);
}

/** V8 keeps a longer text that was put together bit by bit as its pieces, 30 times as large. */
const MOST_JOINED = 12;

/** Short names of ASCII take half the decoder's time this way. */
function readUtf8(data: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) {
    const unit = data[at] ?? 0;
    if (unit > 0x7f || at - start === MOST_JOINED) return utf8.decode(data.subarray(start, end));
    text += String.fromCharCode(unit);
  }
  return text;
}

function uint16(data: Uint8Array, at: number): number {
  return (data[at] ?? 0) | (data[at + 1] ?? 0) << 8;
}

function int8(data: Uint8Array, at: number): number {
  return (data[at] ?? 0) << 24 >> 24;
}
