import type { AdFields, ManufacturerData, ServiceData } from "./advertisement.ts";
import { formatUuid, type UuidBytes } from "./format.ts";

/** AD types (Assigned Numbers, 2.3; formats in Core Specification Supplement 11, Part A, 1). */
const AD_FLAGS = 0x01;
const AD_INCOMPLETE_UUIDS_16 = 0x02;
const AD_COMPLETE_UUIDS_16 = 0x03;
const AD_INCOMPLETE_UUIDS_32 = 0x04;
const AD_COMPLETE_UUIDS_32 = 0x05;
const AD_INCOMPLETE_UUIDS_128 = 0x06;
const AD_COMPLETE_UUIDS_128 = 0x07;
const AD_SHORTENED_NAME = 0x08;
const AD_COMPLETE_NAME = 0x09;
const AD_TX_POWER = 0x0a;
const AD_SOLICITED_UUIDS_16 = 0x14;
const AD_SOLICITED_UUIDS_128 = 0x15;
const AD_SERVICE_DATA_16 = 0x16;
const AD_APPEARANCE = 0x19;
const AD_SOLICITED_UUIDS_32 = 0x1f;
const AD_SERVICE_DATA_32 = 0x20;
const AD_SERVICE_DATA_128 = 0x21;
const AD_MANUFACTURER_DATA = 0xff;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads the AD structures of an advertisement. Never throws: a structure that overruns the data, or
 * is too short for its type, is skipped and counted as malformed; of a list of UUIDs whose end is
 * cut, the whole ones are kept. A length of zero ends the data early, which is no fault. Types this
 * program has no use for are passed over.
 *
 * The result refers to `data`, which must not change afterwards.
 *
 * @see Bluetooth Core Specification 5.4, Vol 3, Part C, 11
 */
export function parseAdStructures(data: Uint8Array): AdFields {
  const ad: AdDraft = {
    flags: null,
    localName: null,
    localNameComplete: false,
    serviceUuids: [],
    solicitedUuids: [],
    manufacturerData: [],
    serviceData: [],
    appearance: null,
    txPowerDbm: null,
    malformedStructures: 0,
  };
  let at = 0;
  while (at < data.length) {
    const length = data[at] ?? 0;
    if (length === 0) break;
    const end = at + 1 + length;
    if (end > data.length || !readStructure(ad, data, data[at + 1] ?? 0, at + 2, end)) ad.malformedStructures++;
    at = end;
  }
  if (ad.serviceUuids.length > 1) ad.serviceUuids = [...new Set(ad.serviceUuids)];
  if (ad.solicitedUuids.length > 1) ad.solicitedUuids = [...new Set(ad.solicitedUuids)];
  return ad;
}

interface AdDraft extends Mutable<AdFields> {
  serviceUuids: string[];
  solicitedUuids: string[];
  manufacturerData: ManufacturerData[];
  serviceData: ServiceData[];
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Takes up the structure whose content is at `start`–`end`; false: it is too short for its type. */
function readStructure(ad: AdDraft, data: Uint8Array, type: number, start: number, end: number): boolean {
  switch (type) {
    case AD_FLAGS: // may be empty, and is then all zero
      ad.flags ??= end > start ? data[start] ?? 0 : 0;
      return true;
    case AD_INCOMPLETE_UUIDS_16:
    case AD_COMPLETE_UUIDS_16:
      return readUuids(ad.serviceUuids, data, start, end, 2);
    case AD_INCOMPLETE_UUIDS_32:
    case AD_COMPLETE_UUIDS_32:
      return readUuids(ad.serviceUuids, data, start, end, 4);
    case AD_INCOMPLETE_UUIDS_128:
    case AD_COMPLETE_UUIDS_128:
      return readUuids(ad.serviceUuids, data, start, end, 16);
    case AD_SHORTENED_NAME:
      ad.localName ??= readName(data, start, end);
      return true;
    case AD_COMPLETE_NAME:
      if (!ad.localNameComplete) readCompleteName(ad, data, start, end);
      return true;
    case AD_TX_POWER:
      if (end - start < 1) return false;
      ad.txPowerDbm ??= int8(data, start);
      return true;
    case AD_SOLICITED_UUIDS_16:
      return readUuids(ad.solicitedUuids, data, start, end, 2);
    case AD_SOLICITED_UUIDS_32:
      return readUuids(ad.solicitedUuids, data, start, end, 4);
    case AD_SOLICITED_UUIDS_128:
      return readUuids(ad.solicitedUuids, data, start, end, 16);
    case AD_SERVICE_DATA_16:
      return readServiceData(ad, data, start, end, 2);
    case AD_SERVICE_DATA_32:
      return readServiceData(ad, data, start, end, 4);
    case AD_SERVICE_DATA_128:
      return readServiceData(ad, data, start, end, 16);
    case AD_APPEARANCE:
      if (end - start < 2) return false;
      ad.appearance ??= uint16(data, start);
      return true;
    case AD_MANUFACTURER_DATA:
      if (end - start < 2) return false;
      ad.manufacturerData.push({ companyId: uint16(data, start), data: data.subarray(start + 2, end) });
      return true;
    default:
      return true;
  }
}

function readUuids(uuids: string[], data: Uint8Array, start: number, end: number, size: UuidBytes): boolean {
  let at = start;
  for (; at + size <= end; at += size) uuids.push(formatUuid(data, at, size));
  return at === end;
}

function readServiceData(ad: AdDraft, data: Uint8Array, start: number, end: number, size: UuidBytes): boolean {
  if (end - start < size) return false;
  ad.serviceData.push({ uuid: formatUuid(data, start, size), data: data.subarray(start + size, end) });
  return true;
}

function readCompleteName(ad: AdDraft, data: Uint8Array, start: number, end: number): void {
  const name = readName(data, start, end);
  if (name === null) return;
  ad.localName = name;
  ad.localNameComplete = true;
}

/** Names in fixed-size buffers come with their padding; a name of which nothing is left is none. */
function readName(data: Uint8Array, start: number, end: number): string | null {
  let nameEnd = end;
  while (nameEnd > start && data[nameEnd - 1] === 0) nameEnd--;
  return nameEnd === start ? null : utf8.decode(data.subarray(start, nameEnd));
}

function uint16(data: Uint8Array, at: number): number {
  return (data[at] ?? 0) | (data[at + 1] ?? 0) << 8;
}

function int8(data: Uint8Array, at: number): number {
  return (data[at] ?? 0) << 24 >> 24;
}
