import assert from "node:assert/strict";
import fc from "fast-check";
import { ReportReader } from "../../src/advertisement/mod.ts";
import { hci, type HciTransport, openSimulated, type SimulationOptions } from "../../src/hci/mod.ts";
import { Crowd } from "../../src/hci/simulated/crowd.ts";
import { ADVERTISER_KINDS } from "../../src/hci/simulated/advertiser_kinds.ts";
import { SimulatedSource, type SourceOptions } from "../../src/hci/simulated/source.ts";
import type { ControllerScanning } from "../../src/hci/virtual_controller.ts";
import { systemClock } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { hciTransportContract } from "../support/hci_contract.ts";
import { TestHost } from "../support/hci_host.ts";
import { test } from "../support/test.ts";

/** A report as this test reads it from an event, by Core Specification 5.4, Vol 4, Part E, 7.7.65.2 and .13. */
interface Report {
  readonly extended: boolean;
  readonly eventType: number;
  readonly addressType: number;
  /** Most significant byte first. */
  readonly address: string;
  readonly primaryPhy: number;
  readonly rssiDbm: number;
  readonly data: Uint8Array;
}

const SCAN: ControllerScanning = {
  kind: "scanning",
  active: true,
  intervalMs: 60,
  windowMs: 30,
  extended: true,
  filterDuplicates: false,
  le1mPhy: true,
  codedPhy: true,
};
const LIFETIME_MS = 15 * 60_000;
const PLAIN = { addressLifetimeMs: LIFETIME_MS, malformedShare: 0, burstReports: 0 };
const LEGACY_SCAN: ControllerScanning = { ...SCAN, extended: false, codedPhy: false };

function open(options: Partial<SimulationOptions> = {}): Promise<HciTransport> {
  return openSimulated({ devices: 200, reportsPerSecond: 2_000, seed: 1, clock: systemClock, ...options });
}

/** The first packets of a scan, as time goes by for it alone. */
function packets(
  { scan = SCAN, count = 1_000, ...changes }: Partial<SourceOptions> & { scan?: ControllerScanning; count?: number } =
    {},
): Uint8Array[] {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  const source = new SimulatedSource({ ...PLAIN, devices: 200, seed: 1, reportsPerSecond: 1_000, clock, ...changes });
  const heard: Uint8Array[] = [];
  for (let steps = 0; heard.length < count && steps < 10 * count; steps++) {
    const step = source.next(scan);
    if (step instanceof Uint8Array) heard.push(step.slice());
    else if (typeof step === "number") nowMs += step;
    else assert.fail("neither packet nor pause");
  }
  return heard;
}

/** The first reports of a scan. */
function listen(options: Parameters<typeof packets>[0] = {}): Report[] {
  return packets(options).map(read);
}

function read(packet: Uint8Array): Report {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  assert.equal(view.getUint16(0), 0x04_3e);
  assert.equal(view.getUint8(2), packet.length - 3);
  const extended = view.getUint8(3) === 0x0d;
  assert.ok(extended || view.getUint8(3) === 0x02);
  assert.equal(view.getUint8(4), 1);
  const at = extended ? 7 : 6;
  const data = extended ? packet.slice(29) : packet.slice(14, -1);
  assert.equal(data.length, view.getUint8(extended ? 28 : 13));
  return {
    extended,
    eventType: extended ? view.getUint16(5, true) : view.getUint8(5),
    addressType: view.getUint8(at),
    address: hex(packet.slice(at + 1, at + 7).toReversed()),
    primaryPhy: extended ? view.getUint8(14) : 1,
    rssiDbm: view.getInt8(extended ? 18 : packet.length - 1),
    data,
  };
}

/** Type and content of the AD structures, which must fill the data to its end. */
function structures(data: Uint8Array): Array<readonly [type: number, content: string]> {
  const found: Array<readonly [number, string]> = [];
  let at = 0;
  while (at < data.length) {
    const length = data[at] ?? 0;
    assert.ok(length >= 1 && at + 1 + length <= data.length, `a structure overruns ${hex(data)}`);
    found.push([data[at + 1] ?? -1, hex(data.slice(at + 2, at + 1 + length))]);
    at += 1 + length;
  }
  return found;
}

/** Puts fragments (data status 01: more to come) together. */
function whole(reports: readonly Report[]): Report[] {
  const result: Report[] = [];
  let parts: Report[] = [];
  for (const report of reports) {
    const [first] = parts;
    if (first !== undefined) assert.equal(report.address, first.address);
    parts.push(report);
    if (report.extended && ((report.eventType >> 5) & 0b11) === 0b01) continue;
    result.push({ ...report, data: Uint8Array.from(parts.flatMap(({ data }) => [...data])) });
    parts = [];
  }
  return result;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isLegacyPdu(report: Report): boolean {
  return !report.extended || (report.eventType & 0x10) !== 0;
}

function isScanResponse(report: Report): boolean {
  return report.extended ? (report.eventType & 0x08) !== 0 : report.eventType === 4;
}

hciTransportContract("openSimulated()", () => open());

test("openSimulated() gives well-formed reports, whatever the crowd and the scan", () => {
  const scans = fc.record({ active: fc.boolean(), extended: fc.boolean(), codedPhy: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer(), scans, (devices, seed, scan) => {
      const reports = listen({ devices, seed, scan: { ...SCAN, ...scan }, count: 200 });
      for (const report of reports) {
        assert.equal(report.extended, scan.extended);
        assert.ok(report.data.length <= (isLegacyPdu(report) ? 31 : 229));
        assert.ok(report.rssiDbm === 127 || (report.rssiDbm >= -100 && report.rssiDbm <= -30));
        assert.equal(report.eventType >> 7, 0);
      }
      // The last one may be a fragment whose rest was not asked for.
      for (const { data } of whole(reports)) structures(data);
    }),
    { numRuns: 60 },
  );
});

test("openSimulated() gives the same reports for the same seed, and others for another", () => {
  assert.deepEqual(listen({ seed: 7 }), listen({ seed: 7 }));
  assert.notDeepEqual(listen({ seed: 7 }), listen({ seed: 8 }));
});

test("openSimulated() reports scan responses, right after the advertisement, to an active scan only", () => {
  for (const scan of [SCAN, LEGACY_SCAN]) {
    assert.equal(listen({ scan: { ...scan, active: false } }).some(isScanResponse), false);
    const reports = listen({ scan });
    const responses = reports.flatMap((report, i) => isScanResponse(report) ? [[reports[i - 1], report] as const] : []);
    assert.ok(responses.length > 50);
    for (const [advertisement, response] of responses) {
      assert.equal(advertisement?.address, response.address);
      const scannable = scan.extended ? ((advertisement?.eventType ?? 0) & 0x02) !== 0 : advertisement?.eventType !== 3;
      assert.ok(scannable && !isScanResponse(advertisement ?? response));
    }
    const named = responses.filter(([, { data }]) => structures(data).some(([type]) => type === 0x09));
    assert.ok(named.length > 20);
  }
});

test("openSimulated() reports extended advertisers to an extended scan only, LE Coded where it is scanned", () => {
  assert.ok(listen({ scan: LEGACY_SCAN }).every(isLegacyPdu));
  const phys = (scan: ControllerScanning) =>
    [...new Set(listen({ scan }).map((r) => `${r.primaryPhy}${isLegacyPdu(r) ? " legacy" : ""}`))].toSorted();
  assert.deepEqual(phys(SCAN), ["1", "1 legacy", "3"]);
  assert.deepEqual(phys({ ...SCAN, codedPhy: false }), ["1", "1 legacy"]);
  assert.deepEqual(phys({ ...SCAN, le1mPhy: false }), ["3"]);
});

test("openSimulated() sends data above 229 bytes as fragments, one after the other", () => {
  const long = whole(listen({ count: 3_000 })).filter(({ data }) => data.length > 229);
  assert.ok(long.some(({ data }) => data.length > 229 && data.length <= 458));
  assert.ok(long.some(({ data }) => data.length > 458));
});

test("openSimulated() lets every kind of device be heard", () => {
  const data = whole(listen({ count: 3_000 })).map((report) => hex(report.data));
  for (
    const [what, pattern] of Object.entries({
      iBeacon: /1aff4c000215/,
      "Apple Nearby": /ff4c001005/,
      "Eddystone UID": /16aafe00/,
      "Eddystone URL": /16aafe10/,
      "Eddystone TLM": /16aafe20/,
      "BTHome v2": /16d2fc40/,
      "Ruuvi RAWv2": /1bff990405/,
      "exposure notification": /17166ffd/,
      "heart rate and battery services": /05030d180f18/,
      "a 128-bit UUID": /11079ecadc240ee5a9e093f3a3b50100406e/,
      "a 32-bit UUID": /050578563412/,
      "a name": /09(4154435f|52757576692|48524d)/,
    })
  ) {
    assert.ok(data.some((one) => pattern.test(one)), what);
  }
});

test("openSimulated() gives RuuviTags their own address in their data", () => {
  const tags = listen({ scan: LEGACY_SCAN }).flatMap((r) =>
    structures(r.data).map(([type, content]) => ({ ...r, type, content }))
  )
    .filter(({ type, content }) => type === 0xff && content.startsWith("990405"));
  assert.ok(tags.length > 10);
  for (const { content, address } of tags) assert.equal(content.slice(-12), address);
});

test("openSimulated() tells 127 where it has no RSSI, and else values that wander little", () => {
  const byAddress = Map.groupBy(listen({ devices: 20, count: 4_000 }), ({ address }) => address);
  let unknown = 0;
  for (const reports of byAddress.values()) {
    const known = reports.map(({ rssiDbm }) => rssiDbm).filter((rssi) => rssi !== 127);
    unknown += reports.length - known.length;
    assert.ok(Math.max(...known) - Math.min(...known) <= 20);
    assert.ok(new Set(known).size > 3);
    for (const [i, rssi] of known.entries()) assert.ok(Math.abs(rssi - (known[i - 1] ?? rssi)) <= 4);
  }
  assert.ok(unknown > 0 && unknown < 200);
});

test("openSimulated() rotates resolvable addresses every 15 min of its time, each device at its own moment", () => {
  // 100 reports a minute of 40 devices for an hour and a half
  const reports = listen({ devices: 40, reportsPerSecond: 100 / 60, count: 9_000, scan: LEGACY_SCAN });
  const seen = new Map<string, { first: number; last: number }>();
  for (const [minute, report] of reports.map((r, i) => [i / 100, r] as const)) {
    assert.equal(report.addressType, report.address.startsWith("a4c138") ? 0 : 1);
    const { first } = seen.get(report.address) ?? { first: minute };
    seen.set(report.address, { first, last: minute });
  }
  const highest = (address: string) => parseInt(address.slice(0, 2), 16) >> 6;
  const isFixed = (address: string) => address.startsWith("a4c138") || highest(address) === 0b11;
  const fixed = [...seen].filter(([address]) => isFixed(address));
  const resolvable = [...seen].filter(([address]) => !isFixed(address));
  assert.ok(resolvable.every(([address]) => highest(address) === 0b01));
  const crowd = new Crowd(1, LIFETIME_MS);
  const rotating = Array.from({ length: 40 }, (_, index) => crowd.advertiser(index, 0))
    .filter(({ kind }) => kind.address === "resolvable").length;
  assert.ok(rotating > 5 && rotating < 35);
  assert.ok(resolvable.length >= 6 * rotating && resolvable.length <= 7 * rotating);
  for (const [, { first, last }] of resolvable) assert.ok(last - first <= 15);
  const moments = new Set(resolvable.map(([, { first }]) => Math.floor(first % 15)));
  assert.ok(moments.size > 5, "all at the same moment");
  for (const [, { first, last }] of fixed) assert.ok(last - first > 60);
});

test("openSimulated() rotates addresses as fast as it is told", () => {
  const addresses = (addressLifetimeMs: number) =>
    new Set(listen({ count: 5_000, addressLifetimeMs }).map(({ address }) => address)).size;
  assert.ok(addresses(100) > 5 * addresses(LIFETIME_MS));
});

test("openSimulated() damages the share of reports that it is told, in every way there is", () => {
  const sound = packets({ count: 3_000 });
  for (const [malformedShare, least, most] of [[0, 0, 0], [0.1, 0.07, 0.13], [1, 0.95, 1]] as const) {
    const heard = packets({ count: 3_000, malformedShare });
    const share = heard.filter((packet, i) => hex(packet) !== hex(sound[i] ?? packet)).length / heard.length;
    assert.ok(share >= least && share <= most, `${share} for ${malformedShare}`);
  }
  const reasons = new Set<string>();
  const sink = { advertisement: () => {}, invalid: (reason: string) => void reasons.add(reason) };
  const reader = new ReportReader({ clock: systemClock, sink });
  for (const packet of packets({ count: 3_000, malformedShare: 0.1 })) {
    assert.equal(hex(packet.slice(0, 2)), "043e", "still a report, and no other event");
    reader.read(packet);
  }
  reader.end();
  for (const reason of ["event length mismatch", "report cut short", "fragments unfinished"]) {
    assert.ok(reasons.has(reason), reason);
  }
});

test("openSimulated() lets as many more reports come at once as it is told, each minute", () => {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  const source = new SimulatedSource({
    ...PLAIN,
    burstReports: 500,
    devices: 99,
    seed: 1,
    reportsPerSecond: 10,
    clock,
  });
  const secondly: number[] = [];
  for (; nowMs <= 125_000; nowMs += 1_000) {
    let count = 0;
    while (source.next(SCAN) instanceof Uint8Array) count++;
    secondly.push(count);
  }
  const bursts = secondly.flatMap((count, second) => count > 100 ? [[second, count]] : []);
  assert.deepEqual(bursts, [[60, 501], [120, 501]]);
});

test("openSimulated() reports each address once a scan where duplicates are filtered", () => {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  const source = new SimulatedSource({ ...PLAIN, devices: 60, seed: 1, reportsPerSecond: 1_000, clock });
  for (let round = 0; round < 2; round++) {
    const scan = { ...LEGACY_SCAN, active: false, filterDuplicates: true };
    const addresses: string[] = [];
    for (; nowMs < 10_000 * (round + 1); nowMs += 10) {
      for (let step = source.next(scan); step instanceof Uint8Array; step = source.next(scan)) {
        addresses.push(read(step).address);
      }
    }
    assert.ok(addresses.length > 40 && addresses.length <= 60);
    assert.equal(new Set(addresses).size, addresses.length);
  }
});

test("a Crowd of 100,000 has an address of its own for each advertiser, and advertisers of every kind", () => {
  const crowd = new Crowd(3, LIFETIME_MS);
  const addresses = new Set<string>();
  const kinds = new Set<string>();
  for (let index = 0; index < 100_000; index++) {
    const advertiser = crowd.advertiser(index, 0);
    addresses.add(hex(advertiser.address));
    kinds.add(advertiser.kind.name);
  }
  assert.equal(addresses.size, 100_000);
  assert.deepEqual(kinds, new Set(ADVERTISER_KINDS.map(({ name }) => name)));
});

test("openSimulated() gives as many reports as it was told, at 1 as at 50,000 a second", async () => {
  for (const [reportsPerSecond, seconds] of [[1, 5], [30, 3], [50_000, 0.3]] as const) {
    const clock = new FakeClock();
    await using host = new TestHost(await open({ reportsPerSecond, clock, devices: 1_000 }));
    await host.startScan();
    await clock.advance(seconds * 1_000);
    const expected = reportsPerSecond * seconds;
    const count = host.reports.length;
    assert.ok(count > 0.97 * expected - 2 && count <= expected, `${count} instead of ${expected}`);
  }
});

test("openSimulated() ends when it is told to, at a rate that no machine makes, heard or not", async () => {
  for (const filterDuplicates of [false, true]) {
    await using host = new TestHost(await open({ reportsPerSecond: 1e9 }));
    await host.startScan({ filterDuplicates });
    setTimeout(() => host.stop(), 20);
    await host.finished();
    assert.ok(host.reports.length > 0);
  }
});

test("openSimulated() catches up on a late tick for 100 ms at most", () => {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  const source = new SimulatedSource({ ...PLAIN, devices: 100, seed: 1, reportsPerSecond: 1_000, clock });
  const burst = () => {
    let count = 0;
    while (source.next(SCAN) instanceof Uint8Array) count++;
    return count;
  };
  assert.equal(burst(), 0);
  nowMs += 50;
  assert.equal(burst(), 50);
  nowMs += 60_000;
  assert.equal(burst(), 100);
});

test("openSimulated() is silent without devices or without a rate", async () => {
  for (const options of [{ devices: 0 }, { reportsPerSecond: 0 }]) {
    const clock = new FakeClock();
    await using host = new TestHost(await open({ ...options, clock }));
    await host.startScan();
    await clock.advance(10_000);
    assert.equal((await host.command(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0])).status, 0);
    assert.equal(host.reports.length, 0);
  }
});

test("openSimulated() without extended advertising is a controller of before Bluetooth 5", async () => {
  await using host = new TestHost(await open({ extendedAdvertising: false }));
  assert.equal((await host.command(hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE, [1, 0, 0, 0, 0, 0])).status, 0x01);
  await host.startScan();
  await host.until(() => host.reports.length > 0, "a report");
});

test("openSimulated() reports to extended scans as subevent 0x0d", async () => {
  await using host = new TestHost(await open());
  await host.startExtendedScan();
  await host.until(() => host.reports.length > 100, "reports");
  assert.ok(host.reports.every((packet) => read(packet).extended));
});

test("openSimulated() refuses numbers out of range", async () => {
  for (const options of [{ devices: -1 }, { devices: 1.5 }, { reportsPerSecond: -1 }, { reportsPerSecond: Infinity }]) {
    await assert.rejects(open(options), RangeError);
  }
});
