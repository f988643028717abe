/**
 * What one report costs from bytes to JSON text: `deno bench tests/bench/parse_bench.ts`.
 *
 * The packets are made up after what common devices send.
 */
import { type Advertisement, MessageEncoder, ReportReader } from "../../src/advertisement/mod.ts";
import { type FilterOptions, Selection } from "../../src/agent/mod.ts";
import { adStructure, extendedReportsPacket, legacyReportsPacket } from "../../src/hci/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { PASS_ALL } from "../support/pass_all.ts";

const standard = new MessageEncoder({ scannerId: "scanner-01", fields: "standard", runId: "r1" });
const full = new MessageEncoder({ scannerId: "scanner-01", fields: "full", runId: "r1" });

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex);
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const address = bytes("5534125fbecc");
const flags = adStructure(0x01, [0x06]);

/** A sensor with manufacturer data of 24 bytes. */
const sensor = legacyReportsPacket({
  eventType: 3,
  addressType: 1,
  address,
  data: join(flags, adStructure(0xff, bytes("99040512fc5394c37c0004fffc040cac364200cdcbb8334c884f"))),
  rssiDbm: -67,
});

/** A device with a name, a service, service data and transmit power. */
const named = legacyReportsPacket({
  eventType: 0,
  addressType: 0,
  address,
  data: join(
    flags,
    adStructure(0x03, [0x0f, 0x18]),
    adStructure(0x0a, [0xf4]),
    adStructure(0x16, [0x0f, 0x18, 0x5a]),
    adStructure(0x09, new TextEncoder().encode("TempSensor_1")),
  ),
  rssiDbm: -59,
});

const extended = extendedReportsPacket({
  eventType: 0x0000,
  addressType: 1,
  address,
  data: join(
    flags,
    adStructure(0x07, bytes("9ecadc240ee5a9e093f3a3b50100406e")),
    adStructure(0xff, Uint8Array.from({ length: 120 }, (_, index) => index)),
  ),
  rssiDbm: -71,
  secondaryPhy: 2,
  sid: 3,
});

/** Where results go, so that the work cannot be optimised away. */
const kept = { message: "" };

/** Lets everything through, having looked at everything. */
const EVERY_CONDITION: FilterOptions = {
  minRssiDbm: -100,
  allow: ["CC:BE"],
  deny: ["11:22:33"],
  addressTypes: ["public", "static"],
  connectable: null, // it is the one that these packets differ in
  companies: [],
  services: [],
  names: [],
  onChangeMs: 1e-9,
  maxRatePerDevice: 1e9,
};

/** Reads a packet and makes the message that is published. */
function publishing(filter: FilterOptions): ReportReader {
  const options = { mergeScanResponse: true, namesLastMs: 60_000, filter };
  const selection = new Selection(options, systemClock);
  const advertisement = (heard: Advertisement) => {
    const selected = selection.select(heard);
    if (typeof selected === "string") throw new Error(`A packet of the benchmark is left out: ${selected}`);
    kept.message = standard.encode(selected);
  };
  return new ReportReader({ clock: systemClock, sink: { advertisement, invalid: unexpected } });
}

for (const [name, packet] of Object.entries({ sensor, named, extended })) {
  const heard: Advertisement[] = [];
  const reader = new ReportReader({
    clock: systemClock,
    sink: { advertisement: (advertisement) => heard[0] = advertisement, invalid: unexpected },
  });
  const publisher = publishing(PASS_ALL);
  const choosy = publishing(EVERY_CONDITION);
  reader.read(packet);
  const [advertisement] = heard;
  if (advertisement === undefined) throw new Error(`Cannot read the packet "${name}"`);
  Deno.bench(`${name}: read`, { group: name }, () => reader.read(packet));
  Deno.bench(`${name}: MessageEncoder, standard`, { group: name }, () => {
    kept.message = standard.encode(advertisement);
  });
  Deno.bench(`${name}: MessageEncoder, full`, { group: name }, () => {
    kept.message = full.encode(advertisement);
  });
  Deno.bench(`${name}: read, merge, filter, encode`, { group: name, baseline: true }, () => publisher.read(packet));
  Deno.bench(`${name}: the same, with a filter`, { group: name }, () => choosy.read(packet));
}

function unexpected(reason: string): void {
  throw new Error(`A packet of the benchmark is invalid: ${reason}`);
}
