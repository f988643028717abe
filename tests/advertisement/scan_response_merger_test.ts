import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type Advertisement, ScanResponseMerger } from "../../src/advertisement/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { run } from "../support/programs.ts";
import { test } from "../support/test.ts";
import { bytes, numbered, someAdvertisement } from "./support.ts";

const uuids = ["0000180f-0000-1000-8000-00805f9b34fb"];
const complete = (localName: string) => someAdvertisement({ localName, localNameComplete: true });
const shortened = (localName: string) => someAdvertisement({ localName });
const silent = someAdvertisement();

function setUp(maxDevices?: number): { clock: FakeClock; merger: ScanResponseMerger } {
  const clock = new FakeClock();
  return { clock, merger: new ScanResponseMerger({ clock, ...(maxDevices === undefined ? {} : { maxDevices }) }) };
}

test("ScanResponseMerger fills in what an advertisement lacks", () => {
  const { merger } = setUp();
  const response = someAdvertisement({
    localName: "Sensor",
    localNameComplete: true,
    serviceUuids: uuids,
    txPowerDbm: -4,
  });
  assert.equal(merger.merge(response), response);
  const heard = someAdvertisement({ rssiDbm: -50, manufacturerData: [{ companyId: 1, data: bytes("02") }] });
  assert.deepEqual(merger.merge(heard), {
    ...heard,
    localName: "Sensor",
    localNameComplete: true,
    serviceUuids: uuids,
    txPowerDbm: -4,
  });
  assert.equal(heard.localName, null, "the advertisement itself is left alone");
});

test("ScanResponseMerger leaves what an advertisement says", () => {
  const { merger } = setUp();
  merger.merge(someAdvertisement({ localName: "Old", localNameComplete: true, serviceUuids: uuids, txPowerDbm: -4 }));
  const heard = someAdvertisement({ localName: "New", localNameComplete: true, serviceUuids: ["x"], txPowerDbm: 0 });
  assert.equal(merger.merge(heard), heard);
  const { localName, serviceUuids, txPowerDbm } = merger.merge(silent);
  assert.deepEqual([localName, serviceUuids, txPowerDbm], ["New", ["x"], 0]);
});

test("ScanResponseMerger never carries data over", () => {
  const { merger } = setUp();
  merger.merge(someAdvertisement({
    localName: "Sensor",
    flags: 6,
    appearance: 1,
    solicitedUuids: uuids,
    manufacturerData: [{ companyId: 1, data: bytes("02") }],
    serviceData: [{ uuid: "u", data: bytes("02") }],
  }));
  assert.deepEqual(merger.merge(silent), { ...silent, localName: "Sensor" });
});

test("ScanResponseMerger knows devices by address and address type", () => {
  const { merger } = setUp();
  merger.merge(complete("Sensor"));
  const others: Partial<Advertisement>[] = [{ address: "AA:BB:CC:DD:EE:00" }, { addressType: "public" }];
  for (const other of others) assert.equal(merger.merge(someAdvertisement(other)).localName, null);
  assert.equal(merger.merge(silent).localName, "Sensor", "a silent stranger does not displace the device");
});

test("ScanResponseMerger does not take advertisers without an address for one device", () => {
  const { merger } = setUp();
  const anonymous = { address: "00:00:00:00:00:00", addressType: "anonymous" } as const;
  merger.merge(someAdvertisement({ ...anonymous, localName: "Sensor", localNameComplete: true, sid: 1 }));
  const other = someAdvertisement({ ...anonymous, sid: 2 });
  assert.equal(merger.merge(other), other);
  assert.equal(merger.devices, 0);
});

test("ScanResponseMerger prefers a complete name to a shortened one", () => {
  const { merger } = setUp();
  merger.merge(complete("Sensor"));
  assert.equal(merger.merge(shortened("Sen")).localName, "Sensor");
  assert.equal(merger.merge(shortened("Sen")).localNameComplete, true);
  assert.equal(merger.merge(silent).localName, "Sensor");
});

test("ScanResponseMerger takes a shortened name that the complete one does not begin with for a new name", () => {
  const { merger } = setUp();
  merger.merge(complete("Sensor"));
  assert.equal(merger.merge(shortened("Lamp")).localName, "Lamp");
  assert.equal(merger.merge(silent).localName, "Lamp");
});

test("ScanResponseMerger takes a complete name instead of the shortened one it remembers", () => {
  const { merger } = setUp();
  merger.merge(shortened("Sen"));
  merger.merge(complete("Sensor"));
  assert.equal(merger.merge(silent).localName, "Sensor");
});

test("ScanResponseMerger forgets each thing a minute after it was last said", async () => {
  const { clock, merger } = setUp();
  merger.merge(complete("Sensor"));
  await clock.advance(30_000);
  merger.merge(someAdvertisement({ serviceUuids: uuids }));
  await clock.advance(29_000);
  assert.deepEqual([merger.merge(silent).localName, merger.merge(silent).serviceUuids], ["Sensor", uuids]);
  await clock.advance(1_000);
  assert.deepEqual([merger.merge(silent).localName, merger.merge(silent).serviceUuids], [null, uuids]);
  await clock.advance(30_000);
  assert.equal(merger.merge(silent), silent);
});

test("ScanResponseMerger does not let a shortened name renew the complete one", async () => {
  const { clock, merger } = setUp();
  merger.merge(complete("Sensor"));
  await clock.advance(59_000);
  merger.merge(shortened("Sen"));
  await clock.advance(1_000);
  assert.equal(merger.merge(shortened("Sen")).localName, "Sen");
});

test("ScanResponseMerger gives no room to what has grown old", async () => {
  const { clock, merger } = setUp(4);
  const address = numbered(1);
  merger.merge(someAdvertisement({ address, localName: "old" }));
  await clock.advance(60_000);
  const nameOf = (number: number) => merger.merge(someAdvertisement({ address: numbered(number) })).localName;
  for (const number of [2, 3]) merger.merge(someAdvertisement({ address: numbered(number), localName: "new" }));
  for (let times = 0; times < 3; times++) assert.equal(nameOf(1), null);
  assert.deepEqual([nameOf(2), nameOf(3)], ["new", "new"]);
});

test("ScanResponseMerger remembers nothing of devices that say nothing that could be filled in", () => {
  const { merger } = setUp();
  for (let device = 0; device < 100; device++) {
    merger.merge(
      someAdvertisement({ address: numbered(device), manufacturerData: [{ companyId: 1, data: bytes("02") }] }),
    );
  }
  assert.equal(merger.devices, 0);
});

test("ScanResponseMerger remembers the half of its devices that was heard last", () => {
  const { merger } = setUp(4);
  const [a, b, c] = [numbered(1), numbered(2), numbered(3)];
  const nameOf = (address: string) => merger.merge(someAdvertisement({ address })).localName;
  for (const address of [a, b, c]) merger.merge(someAdvertisement({ address, localName: address }));
  assert.equal(merger.devices, 3);
  assert.equal(nameOf(a), a);
  assert.equal(merger.devices, 2, "the half heard last has taken the place of the other");
  assert.deepEqual([c, a, b].map(nameOf), [c, a, null]);
});

test("ScanResponseMerger does not remember what only an attacker would send", () => {
  const { merger } = setUp();
  merger.merge(someAdvertisement({ localName: "x".repeat(249), serviceUuids: Array.from({ length: 15 }, String) }));
  assert.deepEqual(merger.merge(silent), silent);
  merger.merge(someAdvertisement({ localName: "x".repeat(248), serviceUuids: Array.from({ length: 14 }, String) }));
  assert.equal(merger.merge(silent).localName?.length, 248);
  assert.equal(merger.merge(silent).serviceUuids.length, 14);
});

test("ScanResponseMerger keeps a device with a long name and a service in a few hundred bytes, though nobody reads them", async () => {
  const script = fileURLToPath(new URL("kept_memory.ts", import.meta.url));
  const bytes = Number(await run(Deno.execPath(), "run", "-A", "--no-check", "--v8-flags=--expose-gc", script));
  // 180 of the name, 88 of the service, 200 around them; text that V8 keeps in pieces takes 30 times as much.
  assert.ok(bytes > 200 && bytes < 1_000, `${bytes} bytes`);
});

test("ScanResponseMerger stays within bounds whatever a million addresses say", () => {
  const { merger } = setUp();
  const heard = shortened("x");
  let most = 0;
  for (let device = 0; device < 1_000_000; device++) {
    merger.merge({ ...heard, address: numbered(device) });
    most = Math.max(most, merger.devices);
  }
  assert.ok(most > 2_048 && most <= 4_096, `remembered ${most} devices`);
});

test("ScanResponseMerger agrees with a model that remembers everything", () => {
  const step = fc.record({
    address: fc.constantFrom(numbered(1), numbered(2), numbered(3)),
    localName: fc.option(fc.constantFrom("Sen", "Sensor", "Lamp")),
    localNameComplete: fc.boolean(),
    serviceUuids: fc.subarray(["u", "v"]),
    txPowerDbm: fc.option(fc.integer({ min: -127, max: 127 })),
    waitS: fc.oneof(fc.constant(0), fc.nat(40)),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
    const merger = new ScanResponseMerger({ clock });
    const said: { atMs: number; heard: Advertisement; nameCounts: boolean }[] = [];
    for (const { waitS, ...fields } of steps) {
      clock.nowMs += 1_000 * waitS;
      const named = fields.localName !== null;
      const heard = someAdvertisement({ ...fields, localNameComplete: named && fields.localNameComplete });
      const merged = merger.merge(heard);
      const recent = said.filter((one) => one.heard.address === heard.address && clock.nowMs - one.atMs < 60_000);
      const last = <T>(pick: (one: Advertisement) => T | null) =>
        recent.toReversed().map((one) => pick(one.heard)).find((value) => value !== null) ?? null;
      assert.equal(merged.txPowerDbm, heard.txPowerDbm ?? last((one) => one.txPowerDbm));
      const listOf = (one: Advertisement) => one.serviceUuids.length > 0 ? one.serviceUuids : null;
      assert.deepEqual(merged.serviceUuids, listOf(heard) ?? last(listOf) ?? []);
      const lastNamed = recent.findLast((one) => one.nameCounts)?.heard;
      const shortens = named && !heard.localNameComplete && lastNamed?.localNameComplete === true &&
        lastNamed.localName?.startsWith(heard.localName ?? "") === true;
      const namer = named && !shortens ? heard : lastNamed;
      assert.equal(merged.localName, namer?.localName ?? null);
      assert.equal(merged.localNameComplete, namer?.localNameComplete ?? false);
      said.push({ atMs: clock.nowMs, heard, nameCounts: named && !shortens });
    }
  }));
});
