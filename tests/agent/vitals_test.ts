import assert from "node:assert/strict";
import { Vitals } from "../../src/agent/mod.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

function someVitals() {
  const clock = new FakeClock();
  const vitals = new Vitals({ clock, missed: () => 0 });
  const hear = (last: number) => {
    vitals.advertisementHeard(someAdvertisement({ address: `AA:BB:CC:DD:EE:0${last}`, rssiDbm: -last }));
  };
  return { clock, vitals, hear };
}

test("Vitals keep a table of devices from when somebody watches, before any filter, and count without it", async () => {
  const { clock, vitals, hear } = someVitals();
  hear(1);
  using watch = vitals.watchDevices();
  assert.deepEqual([...watch.devices.values()], []);
  await clock.advance(5_000);
  for (const last of [2, 3, 2]) hear(last);
  assert.deepEqual([watch.devices.size, watch.devices.reports], [2, 3]);
  const known = [...watch.devices.values()].map((d) => [d.address, d.rssiDbm, d.reports, d.heardMs]);
  assert.deepEqual(known.sort(), [["AA:BB:CC:DD:EE:02", -2, 2, 5_000], ["AA:BB:CC:DD:EE:03", -3, 1, 5_000]]);
  vitals.endInterval();
  assert.equal(vitals.devices, 3);
});

test("Vitals keep one table of devices for all who watch it, and forget it with the last of them", () => {
  const { vitals, hear } = someVitals();
  const first = vitals.watchDevices();
  hear(1);
  const second = vitals.watchDevices();
  assert.equal(second.devices, first.devices);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  hear(2);
  assert.equal(second.devices.size, 2);
  second[Symbol.dispose]();
  hear(3);
  assert.equal(second.devices.size, 2); // nobody keeps it any more
  using third = vitals.watchDevices();
  first[Symbol.dispose](); // of a table that is gone
  hear(4);
  assert.deepEqual([...third.devices.values()].map(({ address }) => address), ["AA:BB:CC:DD:EE:04"]);
});
