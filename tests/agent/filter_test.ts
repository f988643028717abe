import assert from "node:assert/strict";
import type { AddressType, Advertisement } from "../../src/advertisement/mod.ts";
import { Filter, FILTER_REASONS, type FilterOptions } from "../../src/agent/filter.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { PASS_ALL } from "../support/pass_all.ts";
import { test } from "../support/test.ts";

const accepts = (filter: Filter, advertisement: Advertisement) => filter.leftOutBy(advertisement) === null;

function heard(address: string, rssiDbm: number | null = -60): Advertisement {
  return { address, rssiDbm } as Advertisement;
}

test("Filter passes everything that it is not told to leave out", () => {
  const filter = new Filter(PASS_ALL, new FakeClock());
  assert.equal(accepts(filter, heard("AA:BB:CC:DD:EE:FF", null)), true);
});

test("Filter leaves out what is weaker than the least strength, or of unknown strength", () => {
  const filter = new Filter({ ...PASS_ALL, minRssiDbm: -70 }, new FakeClock());
  assert.deepEqual([-69, -70, -71, null].map((rssi) => accepts(filter, heard("AA:BB:CC:DD:EE:FF", rssi))), [
    true,
    true,
    false,
    false,
  ]);
});

test("Filter passes only the allowed addresses, and none of the denied", () => {
  const options = { ...PASS_ALL, allow: ["AA:BB", "11:22:33:44:55:66"], deny: ["AA:BB:CC"] };
  const filter = new Filter(options, new FakeClock());
  const passes = (address: string) => accepts(filter, heard(address));
  assert.equal(passes("AA:BB:00:00:00:00"), true);
  assert.equal(passes("11:22:33:44:55:66"), true);
  assert.equal(passes("AA:BB:CC:00:00:00"), false);
  assert.equal(passes("11:22:33:44:55:67"), false);
});

test("Filter lets each device speak at its rate, with a burst of one second's worth", async () => {
  const clock = new FakeClock();
  const filter = new Filter({ ...PASS_ALL, maxRatePerDevice: 2 }, clock);
  const passes = (address: string) => accepts(filter, heard(address));
  assert.deepEqual([passes("A"), passes("A"), passes("A"), passes("B")], [true, true, false, true]);
  await clock.advance(499);
  assert.equal(passes("A"), false);
  await clock.advance(1);
  assert.deepEqual([passes("A"), passes("A")], [true, false]);
});

test("Filter takes a rate below one a second for what it is", async () => {
  const clock = new FakeClock();
  const filter = new Filter({ ...PASS_ALL, maxRatePerDevice: 0.1 }, clock);
  const passed: number[] = [];
  for (let second = 0; second < 30; second++) {
    if (accepts(filter, heard("A"))) passed.push(second);
    await clock.advance(1_000);
  }
  assert.deepEqual(passed, [0, 10, 20]);
});

test("Filter lets the whole burst through, whatever the rate", () => {
  for (let rate = 1; rate <= 400; rate++) {
    const filter = new Filter({ ...PASS_ALL, maxRatePerDevice: rate }, new FakeClock());
    const passed = Array.from({ length: rate + 1 }, () => accepts(filter, heard("AA:BB:CC:DD:EE:FF")));
    assert.deepEqual([passed.filter(Boolean).length, passed.at(-1)], [rate, false]);
  }
});

/** Which of these are left out by nothing but this key of the filter. */
function passing(options: Partial<FilterOptions>, advertisements: readonly Partial<Advertisement>[]): boolean[] {
  const filter = new Filter({ ...PASS_ALL, ...options }, new FakeClock());
  return advertisements.map((fields) => accepts(filter, someAdvertisement(fields)));
}

test("Filter takes companies by their identifiers, whichever of several a report has first", () => {
  const data = new Uint8Array();
  const of = (...ids: number[]) => ({ manufacturerData: ids.map((companyId) => ({ companyId, data })) });
  assert.deepEqual(passing({ companies: [0x004c, 0x0499] }, [of(), of(0x4c00), of(0x0499), of(6, 0x004c)]), [
    false,
    false,
    true,
    true,
  ]);
});

test("Filter takes services that are listed, and those whose data is sent", () => {
  const uuid = "0000180f-0000-1000-8000-00805f9b34fb";
  const other = "0000181a-0000-1000-8000-00805f9b34fb";
  const data = (uuid: string) => ({ serviceData: [{ uuid, data: new Uint8Array() }] });
  const reports = [{}, { serviceUuids: [other, uuid] }, { serviceUuids: [other] }, data(uuid), data(other)];
  assert.deepEqual(passing({ services: [uuid] }, reports), [false, true, false, true, false]);
  assert.deepEqual(passing({ services: [uuid] }, [{ solicitedUuids: [uuid] }]), [false]);
});

test("Filter takes names of each of its forms, and no device without a name", () => {
  const reports = ["Ruuvi 1A2B", "Lock 7", "ruuvi", null].map((localName) => ({ localName }));
  assert.deepEqual(passing({ names: ["Ruuvi*", "Lock ?"] }, reports), [true, true, false, false]);
});

test("Filter tells random addresses apart by their two highest bits", () => {
  const kinds = ["public", "static", "resolvable", "non_resolvable", "anonymous", "unknown"] as const;
  const reports: readonly (readonly [string, AddressType])[] = [
    ["C0:00:00:00:00:01", "public"],
    ["00:00:00:00:00:01", "public_identity"],
    ["C0:00:00:00:00:01", "random"],
    ["FF:00:00:00:00:01", "random"],
    ["C0:00:00:00:00:01", "random_identity"],
    ["40:00:00:00:00:01", "random"],
    ["7F:00:00:00:00:01", "random"],
    ["00:00:00:00:00:01", "random"],
    ["3F:00:00:00:00:01", "random"],
    ["00:00:00:00:00:00", "anonymous"],
    ["80:00:00:00:00:01", "random"],
    ["BF:00:00:00:00:01", "random"],
    ["C0:00:00:00:00:01", "unknown"],
  ];
  const taken = kinds.map((kind) =>
    passing({ addressTypes: [kind] }, reports.map(([address, addressType]) => ({ address, addressType })))
  );
  assert.deepEqual(taken.map((passed) => passed.flatMap((passes, at) => passes ? [at] : [])), [
    [0, 1],
    [2, 3, 4],
    [5, 6],
    [7, 8],
    [9],
    [10, 11, 12],
  ]);
});

test("Filter takes a scan response that does not tell for what its device said before", () => {
  const report = (address: string, connectable: boolean | null) => ({ address, connectable });
  const reports = [report("A", null), report("A", true), report("A", null), report("B", false), report("B", null)];
  assert.deepEqual(passing({ connectable: true }, reports), [false, true, true, false, false]);
  assert.deepEqual(passing({ connectable: false }, reports), [false, false, false, true, true]);
});

test("Filter lets a device repeat itself once in so long, and say each new thing at once", async () => {
  const clock = new FakeClock();
  const filter = new Filter({ ...PASS_ALL, onChangeMs: 10_000 }, clock);
  const says = (address: string, ...data: number[]) =>
    filter.leftOutBy(someAdvertisement({ address, data: Uint8Array.from(data), rssiDbm: -clock.monotonicMs() % 100 }));
  assert.deepEqual([says("A", 1), says("A", 1), says("A", 2), says("A", 1), says("A", 2)], [
    null,
    "on_change_s",
    null,
    "on_change_s",
    "on_change_s",
  ]);
  assert.equal(says("B", 1), null);
  await clock.advance(9_999);
  assert.equal(says("A", 1), "on_change_s");
  await clock.advance(1);
  assert.deepEqual([says("A", 1), says("A", 1)], [null, "on_change_s"]);
  filter.forgetSaid();
  assert.equal(says("A", 1), null);
});

test("Filter does not take for said what another condition left out", () => {
  const filter = new Filter({ ...PASS_ALL, minRssiDbm: -70, onChangeMs: 10_000, maxRatePerDevice: 1 }, new FakeClock());
  const says = (rssiDbm: number, ...data: number[]) =>
    filter.leftOutBy(someAdvertisement({ rssiDbm, data: Uint8Array.from(data) }));
  assert.deepEqual([says(-80, 1), says(-60, 1), says(-60, 2), says(-60, 2), says(-60, 1)], [
    "min_rssi",
    null,
    "max_rate_per_device",
    "max_rate_per_device",
    "on_change_s",
  ]);
});

test("Filter counts a report to the first condition in its order that it fails", () => {
  const failing: FilterOptions = {
    minRssiDbm: 0,
    deny: ["AA"],
    allow: ["BB"],
    addressTypes: ["public"],
    connectable: false,
    companies: [1],
    services: ["x"],
    names: ["x"],
    onChangeMs: 1,
    maxRatePerDevice: 1,
  };
  const keys = Object.keys(failing) as (keyof FilterOptions)[];
  let options = failing;
  const reasons = keys.map((key) => {
    const filter = new Filter(options, new FakeClock());
    options = { ...options, [key]: PASS_ALL[key] };
    filter.leftOutBy(someAdvertisement()); // which repetition and rate have to follow
    return filter.leftOutBy(someAdvertisement());
  });
  assert.deepEqual(reasons, FILTER_REASONS);
});
