import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { ReportReader } from "../../src/advertisement/mod.ts";
import { type ExtendedReportFields, extendedReportsPacket } from "../../src/hci/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";
import { adPayload, bytes, Heard, read, readOne } from "./support.ts";

/** Bits 5 and 6 of the event type. */
const MORE = 1 << 5;
const TRUNCATED = 2 << 5;
const RESERVED = 3 << 5;
const SCAN_RESPONSE = 1 << 3;

function fragment(data: Uint8Array | string, fields: Partial<ExtendedReportFields> = {}): Uint8Array {
  return extendedReportsPacket({
    eventType: 0,
    addressType: 1,
    address: bytes("ffeeddccbbaa"),
    data: typeof data === "string" ? bytes(data) : data,
    rssiDbm: -67,
    sid: 1,
    ...fields,
  });
}

const full = new Uint8Array(229);

test("ReportReader joins the fragments of an advertisement", () => {
  const heard = readOne(
    fragment("0201", { eventType: MORE, rssiDbm: -50 }),
    fragment("06 05ff", { eventType: MORE, rssiDbm: -60 }),
    fragment("9904 0102", { rssiDbm: -70 }),
  );
  assert.deepEqual(heard.data, bytes("020106 05ff99040102"));
  assert.equal(heard.flags, 6);
  assert.deepEqual(heard.manufacturerData, [{ companyId: 0x0499, data: bytes("0102") }]);
  assert.equal(heard.rssiDbm, -70, "the signal strength is the last fragment's");
});

test("ReportReader joins fragments that share one event", () => {
  const report = {
    eventType: MORE,
    addressType: 1,
    address: bytes("ffeeddccbbaa"),
    data: bytes("0201"),
    rssiDbm: -67,
  };
  const heard = readOne(extendedReportsPacket(report, { ...report, eventType: 0, data: bytes("06") }));
  assert.equal(heard.flags, 6);
});

test("ReportReader publishes what came of a truncated advertisement", () => {
  const heard = readOne(fragment("020106", { eventType: MORE }), fragment("05ff99", { eventType: TRUNCATED }));
  assert.equal(heard.flags, 6);
  assert.equal(heard.malformedStructures, 1);
  assert.equal(readOne(fragment("", { eventType: TRUNCATED })).data.length, 0);
});

test("ReportReader marks truncated data, and only that", () => {
  const statusOf = (...packets: Uint8Array[]) => readOne(...packets).dataStatus;
  assert.equal(statusOf(fragment("020106", { eventType: TRUNCATED })), "truncated");
  assert.equal(
    statusOf(fragment("020106", { eventType: MORE }), fragment("05ff99", { eventType: TRUNCATED })),
    "truncated",
  );
  assert.equal(statusOf(fragment("020106", { eventType: MORE }), fragment("020a00")), "complete");
});

test("ReportReader does not call whole what may lack the fragments that were lost before they could be read", async () => {
  const heard = new Heard();
  const clock = new FakeClock();
  let missed = 0;
  const reader = new ReportReader({ clock, sink: heard, missed: () => missed });
  const legacyPdu = fragment("020106", { eventType: 0x10 });
  reader.read(fragment("020106"));
  missed = 3; // with the first fragment among them
  reader.read(fragment("05ff990401"));
  reader.read(legacyPdu);
  await clock.advance(1_000);
  reader.read(fragment("020106"));
  const statuses = heard.advertisements.map(({ dataStatus }) => dataStatus);
  assert.deepEqual(statuses, ["complete", "uncertain", "complete", "complete"]);
});

test("ReportReader keeps the fragments of different advertisements apart", () => {
  const others: Partial<ExtendedReportFields>[] = [
    {},
    { address: bytes("010203040506") },
    { addressType: 0 },
    { sid: 2 },
    { eventType: SCAN_RESPONSE },
  ];
  const typeOf = ({ eventType = 0 }: Partial<ExtendedReportFields>) => eventType;
  const { advertisements, reasons } = read([
    ...others.map((other, index) =>
      fragment(Uint8Array.of(2, 1), { ...other, eventType: typeOf(other) | MORE, rssiDbm: -index })
    ),
    ...others.map((other, index) => fragment(Uint8Array.of(index), other)),
  ]);
  assert.deepEqual(reasons, []);
  assert.deepEqual(advertisements.map(({ flags }) => flags), [0, 1, 2, 3, 4]);
});

test("ReportReader owns the bytes of a fragment, a Node.js Buffer's too", () => {
  const heard = new Heard();
  const reader = new ReportReader({ clock: new FakeClock(), sink: heard });
  const packet = Buffer.from(fragment("0201", { eventType: MORE }));
  reader.read(packet);
  packet.fill(0xee);
  reader.read(fragment("06"));
  assert.deepEqual(heard.advertisements[0]?.data, bytes("020106"));
});

test("ReportReader gives up fragments whose last one does not come within a second", async () => {
  const clock = new FakeClock();
  const heard = new Heard();
  const reader = new ReportReader({ clock, sink: heard });
  reader.read(fragment("0201", { eventType: MORE }));
  reader.read(fragment("06", { eventType: MORE }));
  await clock.advance(1_000);
  reader.read(fragment("", { eventType: MORE, sid: 2 }));
  assert.deepEqual([heard.reasons, reader.pendingFragments], [[], 2]);
  await clock.advance(1);
  reader.read(bytes("04 3e 0c 02 01 00 00 000000000000 00 bd"));
  assert.deepEqual(heard.reasons, ["fragments unfinished"]);
  assert.equal(reader.pendingFragments, 1);
  assert.equal(heard.advertisements.length, 1);
});

test("ReportReader does not join a fragment to one that is too old", async () => {
  const clock = new FakeClock();
  const heard = new Heard();
  const reader = new ReportReader({ clock, sink: heard });
  reader.read(fragment("0201", { eventType: MORE }));
  await clock.advance(1_001);
  reader.read(fragment("020104"));
  assert.deepEqual(heard.reasons, ["fragments unfinished"]);
  assert.deepEqual(heard.advertisements.map(({ data }) => data), [bytes("020104")]);
});

test("ReportReader ends a chain that is longer than an advertisement can be as invalid once", () => {
  const tooLong = Array.from({ length: 8 }, () => fragment(full, { eventType: MORE }));
  const heard = read([...tooLong, fragment(full), fragment("020106")]);
  assert.deepEqual(heard.reasons, ["fragments too long"]);
  assert.deepEqual(heard.advertisements.map(({ flags }) => flags), [6]);
});

test("ReportReader accepts 1650 bytes and no more", () => {
  const seven = Array.from({ length: 7 }, () => fragment(full, { eventType: MORE }));
  assert.equal(readOne(...seven, fragment(new Uint8Array(47))).data.length, 1_650);
  assert.deepEqual(read([...seven, fragment(new Uint8Array(48))]).reasons, ["fragments too long"]);
});

test("ReportReader drops a chain that ends in a reserved data status", () => {
  const heard = new Heard();
  const reader = new ReportReader({ clock: new FakeClock(), sink: heard });
  reader.read(fragment("0201", { eventType: MORE }));
  reader.read(fragment("06", { eventType: RESERVED }));
  assert.deepEqual([heard.reasons, heard.advertisements], [["reserved data status"], []]);
  assert.equal(reader.pendingFragments, 0);
});

test("ReportReader.end() gives up what waits, each chain once", () => {
  const heard = new Heard();
  const reader = new ReportReader({ clock: new FakeClock(), sink: heard });
  reader.read(fragment("0201", { eventType: MORE }));
  reader.read(fragment("06", { eventType: MORE }));
  reader.read(fragment("06", { eventType: MORE, sid: 2 }));
  reader.end();
  assert.deepEqual(heard.reasons, ["fragments unfinished", "fragments unfinished"]);
  assert.equal(reader.pendingFragments, 0);
  reader.end();
  assert.equal(heard.reasons.length, 2);
});

test("ReportReader keeps at most so many chains, the oldest giving way", () => {
  const heard = new Heard();
  const reader = new ReportReader({ clock: new FakeClock(), sink: heard, maxPendingFragments: 2 });
  for (const sid of [1, 2, 3]) reader.read(fragment("0201", { eventType: MORE, sid }));
  assert.deepEqual([heard.reasons, reader.pendingFragments], [["fragments evicted"], 2]);
  for (const sid of [2, 3]) reader.read(fragment("06", { sid }));
  assert.deepEqual(heard.advertisements.map(({ sid, flags }) => [sid, flags]), [[2, 6], [3, 6]]);
});

test("ReportReader stays within bounds whatever a hundred thousand addresses leave unfinished", () => {
  const heard = { chains: 0 };
  const reader = new ReportReader({
    clock: new FakeClock(),
    sink: { advertisement: () => assert.fail("nothing was finished"), invalid: () => heard.chains++ },
  });
  const packet = fragment(full, { eventType: MORE });
  const view = new DataView(packet.buffer);
  for (let device = 0; device < 100_000; device++) {
    view.setUint32(8, device);
    reader.read(packet);
    assert.ok(reader.pendingFragments <= 64);
  }
  assert.equal(heard.chains + reader.pendingFragments, 100_000);
});

test("ReportReader reassembles any fragmentation of any advertisement, interleaved with others", () => {
  const cuts = fc.array(fc.nat(229), { minLength: 1, maxLength: 12 });
  const sets = fc.array(fc.tuple(adPayload(1_650), cuts), { minLength: 1, maxLength: 16 });
  fc.assert(fc.property(sets, fc.infiniteStream(fc.nat()), (payloads, choose) => {
    const queues = payloads.map(([{ data }, sizes], sid) => fragmentsOf(data, sizes, sid));
    const { advertisements, reasons } = read(interleave(queues, choose));
    assert.deepEqual(reasons, []);
    assert.equal(advertisements.length, payloads.length);
    for (const heard of advertisements) {
      const [payload] = payloads[heard.sid ?? -1] ?? [];
      assert.deepEqual(heard.data, payload?.data);
      assert.deepEqual(heard.manufacturerData, payload?.says.manufacturerData);
      assert.deepEqual(heard.serviceUuids, payload?.says.serviceUuids);
    }
  }));
});

/** The packets that carry `data` in pieces of these sizes, as many as it takes. */
function fragmentsOf(data: Uint8Array, sizes: readonly number[], sid: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(data.subarray(at, at + size));
    at = Math.min(at + size, data.length);
  }
  for (; at < data.length; at += 229) pieces.push(data.subarray(at, at + 229));
  return pieces.map((piece, index) => fragment(piece, { sid, eventType: index < pieces.length - 1 ? MORE : 0 }));
}

/** Takes packets from the queues in turns that `choose` draws. */
function interleave(queues: Uint8Array[][], choose: Iterator<number>): Uint8Array[] {
  const packets: Uint8Array[] = [];
  while (true) {
    const waiting = queues.filter((queue) => queue.length > 0);
    const queue = waiting[(choose.next().value as number) % waiting.length];
    const packet = queue?.shift();
    if (packet === undefined) return packets;
    packets.push(packet);
  }
}
