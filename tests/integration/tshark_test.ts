import assert from "node:assert/strict";
import fc from "fast-check";
import type { Advertisement } from "../../src/advertisement/mod.ts";
import { extendedReportsPacket, legacyReportsPacket } from "../../src/hci/mod.ts";
import { adPayload, extendedReport, legacyReport, read } from "../advertisement/support.ts";
import { captures } from "../support/captures.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import {
  formatBtsnoop,
  hasTshark,
  parseBtsnoop,
  type TsharkEntry,
  type TsharkReport,
  tsharkReports,
} from "../support/tshark.ts";

const tshark = hasTshark();

/** Names a test so that a skipped one says why. */
function compared(name: string, fn: () => Promise<void>): void {
  test(tshark ? name : `${name} (skipped: tshark is not installed)`, fn, { ignore: !tshark });
}

for (const { name, path } of captures()) {
  compared(`ReportReader reads every report of ${name} as tshark does`, async () => {
    const packets = parseBtsnoop(await Deno.readFile(path));
    const { advertisements, reasons } = read(packets);
    assert.deepEqual(reasons, []);
    assert.ok(advertisements.length > 50, `${advertisements.length} reports`);
    await assertReadAlike(packets.filter(unlessFragment()));
  });
}

compared("ReportReader reads built reports, several to an event, as tshark does", async () => {
  const packets = builtPackets();
  assert.ok(await assertReadAlike(packets) > packets.length);
});

/** Compares what is read of `packets` with what tshark reads, and resolves to how many reports it is. */
async function assertReadAlike(packets: Uint8Array[]): Promise<number> {
  await using folder = await TemporaryFolder.make();
  const path = await folder.write("packets.btsnoop", formatBtsnoop(packets));
  const { advertisements, reasons } = read(packets);
  assert.deepEqual(reasons, []);
  assertEqualReports(advertisements, await tsharkReports(path));
  return advertisements.length;
}

/** Tells packets from fragments of extended reports, which tshark does not put together. */
function unlessFragment(): (packet: Uint8Array) => boolean {
  const begun = new Set<string>();
  return (packet) => {
    if (packet[0] !== 0x04 || packet[1] !== 0x3e || packet[3] !== 0x0d) return true; // no extended report
    const [eventType = 0, address] = [packet[5], packet.subarray(8, 14).toHex()];
    const goesOn = (eventType >> 5 & 3) === 1;
    const isFragment = goesOn || begun.has(address);
    if (goesOn) begun.add(address);
    else begun.delete(address);
    return !isFragment;
  };
}

/** Events of one seed, so that a difference can be looked at again. */
function builtPackets(): Uint8Array[] {
  // tshark escapes control characters, and looks into the data of some companies and services.
  const payload = (maxBytes: number) =>
    adPayload(maxBytes).filter(({ says }) => /^[\p{L}\p{N}]*$/u.test(says.localName ?? "")).map(({ data }) => data);
  const legacy = fc.tuple(legacyReport, payload(31)).map(([report, data]) => ({ ...report, data }));
  const extended = fc.tuple(extendedReport, payload(60)).map(([report, data]) => ({ ...report, data }));
  const packet = fc.oneof(
    fc.array(legacy, { minLength: 1, maxLength: 6 }).map((reports) => legacyReportsPacket(...reports)),
    fc.array(extended, { minLength: 1, maxLength: 3 }).map((reports) => extendedReportsPacket(...reports)),
  );
  return fc.sample(packet, { seed: 20260111, numRuns: 300 });
}

function assertEqualReports(ours: readonly Advertisement[], theirs: readonly TsharkReport[]): void {
  assert.equal(ours.length, theirs.length);
  ours.forEach((heard, index) => {
    const report = theirs[index];
    assert.ok(report !== undefined);
    const expected = asTsharkSays(report);
    // tshark stops at a malformed structure, before the signal strength of a legacy report.
    const reached = expected.rssiDbm !== undefined;
    assert.ok(reached || heard.malformedStructures > 0, `report ${index}: tshark reads no signal strength`);
    assert.deepEqual({ ...inItsWords(heard), ...(reached ? {} : { rssiDbm: undefined }) }, expected, `report ${index}`);
  });
}

/** What is compared of a report. */
interface Words {
  readonly address: string;
  readonly addressType: string;
  readonly advType: string;
  readonly rssiDbm: number | null | undefined;
  readonly primaryPhy: string | null;
  readonly secondaryPhy: string | null;
  readonly sid: number | null;
  readonly txPowerDbm: number | null;
  readonly flags: number | null;
  readonly localName: string | null;
  readonly appearance: number | null;
  readonly serviceUuids: readonly string[];
  readonly solicitedUuids: readonly string[];
  readonly manufacturerData: readonly string[];
  readonly serviceData: readonly string[];
}

/** The Exposure Notification Service, whose data tshark takes apart. */
const EXPOSURE = "0000fd6f-0000-1000-8000-00805f9b34fb";

function inItsWords(heard: Advertisement): Words {
  const { address, addressType, advType, rssiDbm, primaryPhy, secondaryPhy, sid, txPowerDbm } = heard;
  const { flags, localName, appearance, serviceUuids, solicitedUuids } = heard;
  return {
    address,
    addressType,
    advType,
    rssiDbm,
    primaryPhy,
    secondaryPhy,
    sid,
    txPowerDbm,
    flags,
    localName,
    appearance,
    serviceUuids: serviceUuids.toSorted(),
    solicitedUuids: solicitedUuids.toSorted(),
    manufacturerData: heard.manufacturerData.map(({ companyId, data }) => `${companyId} ${data.toHex()}`),
    serviceData: heard.serviceData.map(({ uuid, data }) => `${uuid} ${uuid === EXPOSURE ? "" : data.toHex()}`),
  };
}

const ADDRESS_TYPES: Readonly<Record<string, string>> = {
  "0x00": "public",
  "0x01": "random",
  "0x02": "public_identity",
  "0x03": "random_identity",
  "0xff": "anonymous",
};
const LEGACY_TYPES = ["ADV_IND", "ADV_DIRECT_IND", "ADV_SCAN_IND", "ADV_NONCONN_IND", "SCAN_RSP"];
const LEGACY_BITS: Readonly<Record<number, string>> = {
  0x13: "ADV_IND",
  0x15: "ADV_DIRECT_IND",
  0x12: "ADV_SCAN_IND",
  0x10: "ADV_NONCONN_IND",
  0x1b: "SCAN_RSP",
  0x1a: "SCAN_RSP",
};
const PHYS = [null, "1M", "2M", "coded"];

function asTsharkSays({ extended, fields, entries }: TsharkReport): Words {
  const number = (name: string) => fields[name] === undefined ? undefined : known(Number(fields[name]));
  const sid = Number(fields.advertising_sid ?? 255);
  return {
    address: fields.bd_addr?.toUpperCase() ?? "",
    addressType: ADDRESS_TYPES[fields.le_peer_address_type ?? ""] ?? "unknown",
    advType: extended
      ? extendedType(Number(fields.le_ext_advts_event_type))
      : LEGACY_TYPES[Number(fields.le_advts_event_type)] ?? "",
    rssiDbm: number("rssi"),
    primaryPhy: PHYS[Number(fields.primary_phy ?? 1)] ?? null,
    secondaryPhy: PHYS[Number(fields.secondary_phy ?? 0)] ?? null,
    sid: sid === 255 ? null : sid,
    txPowerDbm: number("tx_power") ?? firstNumber(entries, 0x0a, "power_level"),
    flags: flagsOf(entries),
    localName: firstName(entries, 0x09) ?? firstName(entries, 0x08) ?? null,
    appearance: firstNumber(entries, 0x19, "appearance"),
    serviceUuids: [...new Set(uuidsOf(entries, [0x02, 0x03, 0x04, 0x05, 0x06, 0x07]))].toSorted(),
    solicitedUuids: [...new Set(uuidsOf(entries, [0x14, 0x15, 0x1f]))].toSorted(),
    manufacturerData: entries.filter(({ type, fields }) => type === 0xff && fields.company_id !== undefined)
      .map(({ fields }) => `${Number(fields.company_id?.[0])} ${hex(fields.data)}`),
    serviceData: entries.filter(({ type, fields }) => [0x16, 0x20, 0x21].includes(type) && uuids(fields).length > 0)
      .map(({ fields }) => `${uuids(fields)[0]} ${hex(fields.service_data)}`),
  };
}

const known = (dbm: number): number | null => dbm === 127 ? null : dbm;

/** Bits 5 and 6 are the data status; those above are reserved, and set by some controllers. */
function extendedType(eventType: number): string {
  const bits = eventType & 0x1f;
  if ((bits & 0x10) !== 0) return LEGACY_BITS[bits] ?? "";
  return (bits & 0x08) !== 0 ? "AUX_SCAN_RSP" : "ADV_EXT_IND";
}

function firstNumber(entries: readonly TsharkEntry[], type: number, field: string): number | null {
  const value = entries.find((entry) => entry.type === type)?.fields[field]?.[0];
  return value === undefined ? null : Number(value);
}

function firstName(entries: readonly TsharkEntry[], type: number): string | undefined {
  return entries.find((entry) => entry.type === type)?.fields.device_name?.[0] || undefined;
}

/** Bits of the Flags, lowest first, as tshark names them; the three highest are reserved. */
const FLAGS = [
  "le_limited_discoverable_mode",
  "le_general_discoverable_mode",
  "bredr_not_supported",
  "le_bredr_support_controller",
  "le_bredr_support_host",
  "reserved",
];

function flagsOf(entries: readonly TsharkEntry[]): number | null {
  const entry = entries.find(({ type }) => type === 0x01);
  if (entry === undefined) return null;
  return FLAGS.reduce((flags, name, bit) => flags | Number(entry.fields[`flags.${name}`]?.[0] ?? 0) << bit, 0);
}

function uuidsOf(entries: readonly TsharkEntry[], types: readonly number[]): string[] {
  return entries.filter(({ type }) => types.includes(type)).flatMap(({ fields }) => uuids(fields));
}

function uuids(fields: TsharkEntry["fields"]): string[] {
  const short = [fields.uuid_16, fields.uuid_32, fields.custom_uuid_32].flatMap((values) => values ?? [])
    .map((value) => `${value.slice(2).padStart(8, "0")}-0000-1000-8000-00805f9b34fb`);
  const long = [fields.uuid_128, fields.custom_uuid_128].flatMap((values) => values ?? [])
    .map((value) => hex([value]).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"));
  return [...short, ...long];
}

function hex(values: readonly string[] | undefined): string {
  return (values ?? []).join("").replaceAll(":", "");
}
