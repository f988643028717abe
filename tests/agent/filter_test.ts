import assert from "node:assert/strict";
import type { Advertisement } from "../../src/advertisement/mod.ts";
import { Filter, type FilterOptions } from "../../src/agent/filter.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

const ALL: FilterOptions = { minRssiDbm: null, allow: [], deny: [], maxRatePerDevice: null };

function heard(address: string, rssiDbm: number | null = -60): Advertisement {
  return { address, rssiDbm } as Advertisement;
}

test("Filter passes everything that it is not told to leave out", () => {
  const filter = new Filter(ALL, new FakeClock());
  assert.equal(filter.accepts(heard("AA:BB:CC:DD:EE:FF", null)), true);
});

test("Filter leaves out what is weaker than the least strength, or of unknown strength", () => {
  const filter = new Filter({ ...ALL, minRssiDbm: -70 }, new FakeClock());
  assert.deepEqual([-69, -70, -71, null].map((rssi) => filter.accepts(heard("AA:BB:CC:DD:EE:FF", rssi))), [
    true,
    true,
    false,
    false,
  ]);
});

test("Filter passes only the allowed addresses, and none of the denied", () => {
  const options = { ...ALL, allow: ["AA:BB", "11:22:33:44:55:66"], deny: ["AA:BB:CC"] };
  const filter = new Filter(options, new FakeClock());
  const passes = (address: string) => filter.accepts(heard(address));
  assert.equal(passes("AA:BB:00:00:00:00"), true);
  assert.equal(passes("11:22:33:44:55:66"), true);
  assert.equal(passes("AA:BB:CC:00:00:00"), false);
  assert.equal(passes("11:22:33:44:55:67"), false);
});

test("Filter lets each device speak at its rate, with a burst of one second's worth", async () => {
  const clock = new FakeClock();
  const filter = new Filter({ ...ALL, maxRatePerDevice: 2 }, clock);
  const passes = (address: string) => filter.accepts(heard(address));
  assert.deepEqual([passes("A"), passes("A"), passes("A"), passes("B")], [true, true, false, true]);
  await clock.advance(499);
  assert.equal(passes("A"), false);
  await clock.advance(1);
  assert.deepEqual([passes("A"), passes("A")], [true, false]);
});

test("Filter takes a rate below one a second for what it is", async () => {
  const clock = new FakeClock();
  const filter = new Filter({ ...ALL, maxRatePerDevice: 0.1 }, clock);
  const passed: number[] = [];
  for (let second = 0; second < 30; second++) {
    if (filter.accepts(heard("A"))) passed.push(second);
    await clock.advance(1_000);
  }
  assert.deepEqual(passed, [0, 10, 20]);
});

test("Filter lets the whole burst through, whatever the rate", () => {
  for (let rate = 1; rate <= 400; rate++) {
    const filter = new Filter({ ...ALL, maxRatePerDevice: rate }, new FakeClock());
    const passed = Array.from({ length: rate + 1 }, () => filter.accepts(heard("AA:BB:CC:DD:EE:FF")));
    assert.deepEqual([passed.filter(Boolean).length, passed.at(-1)], [rate, false]);
  }
});
