import fc from "fast-check";
import type { AdFields, Advertisement, InvalidReason, ReportSink } from "../../src/advertisement/mod.ts";
import { ReportReader } from "../../src/advertisement/mod.ts";
import { adStructure, type ExtendedReportFields, type LegacyReportFields } from "../../src/hci/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Keeps what a reader finds. */
export class Heard implements ReportSink {
  readonly advertisements: Advertisement[] = [];
  readonly reasons: InvalidReason[] = [];

  advertisement(advertisement: Advertisement): void {
    this.advertisements.push(advertisement);
  }

  invalid(reason: InvalidReason): void {
    this.reasons.push(reason);
  }
}

/** Reads packets with one reader; gaps of time between them are up to the caller's clock. */
export function read(packets: readonly Uint8Array[], clock = new FakeClock()): Heard {
  const heard = new Heard();
  const reader = new ReportReader({ clock, sink: heard });
  for (const packet of packets) reader.read(packet);
  return heard;
}

/** The only advertisement in packets that hold nothing else. */
export function readOne(...packets: readonly Uint8Array[]): Advertisement {
  const { advertisements, reasons } = read(packets);
  const [advertisement] = advertisements;
  if (advertisement === undefined || advertisements.length > 1 || reasons.length > 0) {
    throw new Error(`Expected one advertisement, got ${advertisements.length} and [${reasons.join()}]`);
  }
  return advertisement;
}

/** Bytes from hexadecimal digits with white space between them. */
export function bytes(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replace(/\s/g, ""));
}

/** Byte arrays in a row. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** An advertisement that says nothing, but for `fields`. */
export function someAdvertisement(fields: Partial<Advertisement> = {}): Advertisement {
  return {
    receivedAtMs: Date.UTC(2026, 0, 11, 10, 30, 45, 123),
    address: "AA:BB:CC:DD:EE:FF",
    addressType: "random",
    rssiDbm: -67,
    advType: "ADV_IND",
    connectable: true,
    scannable: true,
    directed: false,
    scanResponse: false,
    primaryPhy: "1M",
    secondaryPhy: null,
    sid: null,
    data: new Uint8Array(),
    flags: null,
    localName: null,
    localNameComplete: false,
    serviceUuids: [],
    solicitedUuids: [],
    manufacturerData: [],
    serviceData: [],
    appearance: null,
    txPowerDbm: null,
    dataStatus: "complete",
    malformedStructures: 0,
    ...fields,
  };
}

/** An AD structure and what it adds to the fields, said without regard to how it is parsed. */
interface AdItem {
  readonly structure: Uint8Array;
  readonly says: Partial<AdFields>;
}

const contentBytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const hexOf = (content: Uint8Array) => Array.from(content, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A UUID in over-the-air order and in words. */
const uuid = fc.constantFrom(2, 4, 16).chain((size) => contentBytes(size, size)).map((wire) => {
  const digits = hexOf(wire.toReversed());
  const full = wire.length === 16 ? digits : `${digits.padStart(8, "0")}00001000800000805f9b34fb`;
  return { wire, text: full.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") };
});

const typeOf = (wire: Uint8Array, types: Readonly<Record<number, number>>) => types[wire.length] ?? 0;

const adItem: fc.Arbitrary<AdItem> = fc.oneof(
  fc.nat(255).map((flags) => ({ structure: adStructure(0x01, [flags]), says: { flags } })),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 })
    .filter((name) => !name.endsWith("\0") && name.isWellFormed())
    .map((localName) => ({
      structure: adStructure(0x09, new TextEncoder().encode(localName)),
      says: { localName, localNameComplete: true },
    })),
  fc.tuple(uuid, fc.boolean()).map(([{ wire, text }, complete]) => ({
    structure: adStructure(typeOf(wire, { 2: 0x02, 4: 0x04, 16: 0x06 }) + (complete ? 1 : 0), wire),
    says: { serviceUuids: [text] },
  })),
  uuid.map(({ wire, text }) => ({
    structure: adStructure(typeOf(wire, { 2: 0x14, 4: 0x1f, 16: 0x15 }), wire),
    says: { solicitedUuids: [text] },
  })),
  fc.tuple(fc.nat(0xffff), contentBytes(0, 12)).map(([companyId, data]) => ({
    structure: adStructure(0xff, [companyId & 0xff, companyId >> 8, ...data]),
    says: { manufacturerData: [{ companyId, data }] },
  })),
  fc.tuple(uuid, contentBytes(0, 8)).map(([{ wire, text }, data]) => ({
    structure: adStructure(typeOf(wire, { 2: 0x16, 4: 0x20, 16: 0x21 }), [...wire, ...data]),
    says: { serviceData: [{ uuid: text, data }] },
  })),
  fc.nat(0xffff).map((appearance) => ({
    structure: adStructure(0x19, [appearance & 0xff, appearance >> 8]),
    says: { appearance },
  })),
  fc.integer({ min: -127, max: 126 }).map((txPowerDbm) => ({
    structure: adStructure(0x0a, [txPowerDbm & 0xff]),
    says: { txPowerDbm },
  })),
  // A type this program has no use for: the URI.
  contentBytes(0, 8).map((content) => ({ structure: adStructure(0x24, content), says: {} })),
);

const isRepeatable = ({ says }: AdItem): boolean =>
  says.manufacturerData !== undefined || says.serviceData !== undefined || says.serviceUuids !== undefined ||
  says.solicitedUuids !== undefined || Object.keys(says).length === 0;

/** AD structures of at most `maxBytes` and what they say; what may be there once is there once. */
export function adPayload(maxBytes: number): fc.Arbitrary<{ readonly data: Uint8Array; readonly says: AdFields }> {
  return fc.array(adItem, { maxLength: 8 }).map((items) => {
    const fields: Advertisement = someAdvertisement();
    const says = { ...fields };
    const seen = new Set<string>();
    let data = new Uint8Array();
    for (const item of items) {
      const kind = Object.keys(item.says).join();
      if (data.length + item.structure.length > maxBytes || (seen.has(kind) && !isRepeatable(item))) continue;
      seen.add(kind);
      data = Uint8Array.from([...data, ...item.structure]);
      const { serviceUuids = [], solicitedUuids = [], manufacturerData = [], serviceData = [], ...once } = item.says;
      Object.assign(says, once, {
        serviceUuids: [...new Set([...says.serviceUuids, ...serviceUuids])],
        solicitedUuids: [...new Set([...says.solicitedUuids, ...solicitedUuids])],
        manufacturerData: [...says.manufacturerData, ...manufacturerData],
        serviceData: [...says.serviceData, ...serviceData],
      });
    }
    return { data, says };
  });
}

const address = fc.uint8Array({ minLength: 6, maxLength: 6 });
const rssiDbm = fc.integer({ min: -128, max: 127 });

/** A legacy report whose data may be any bytes. */
export const legacyReport: fc.Arbitrary<LegacyReportFields> = fc.record({
  eventType: fc.nat(4),
  addressType: fc.nat(3),
  address,
  data: fc.oneof(adPayload(31).map(({ data }) => data), fc.uint8Array({ maxLength: 31 })),
  rssiDbm,
});

/** An unfragmented extended report, of an extended PDU, whose data may be any bytes. */
export const extendedReport: fc.Arbitrary<ExtendedReportFields> = fc.record({
  eventType: fc.nat(15),
  addressType: fc.constantFrom(0, 1, 2, 3, 0xff),
  address,
  data: fc.oneof(adPayload(60).map(({ data }) => data), fc.uint8Array({ maxLength: 60 })),
  rssiDbm,
  primaryPhy: fc.constantFrom(1, 3),
  secondaryPhy: fc.nat(3),
  sid: fc.nat(15),
  txPowerDbm: fc.integer({ min: -127, max: 127 }),
});

/** An address for each whole number below 2⁴⁸. */
export function numbered(number: number): string {
  const digits = number.toString(16).toUpperCase().padStart(12, "0");
  return digits.replace(/..(?!$)/g, "$&:");
}
