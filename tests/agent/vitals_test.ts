import assert from "node:assert/strict";
import { type ConnectionState, Vitals } from "../../src/agent/mod.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const ONLINE: ConnectionState = { kind: "online", sinceMs: 0, broker: "broker:1883", address: null };

function someVitals() {
  const [clock, log] = [new FakeClock(), new RecordingLog()];
  const vitals = new Vitals({ clock, missed: () => 0, log });
  const hear = (last: number) => {
    vitals.advertisementHeard(someAdvertisement({ address: `AA:BB:CC:DD:EE:0${last}`, rssiDbm: -last }));
  };
  return { clock, log, vitals, hear };
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

test("Vitals tell of a change all but those who listen no more, in the order in which they came", () => {
  const { vitals } = someVitals();
  const told: string[] = [];
  using _ = vitals.onChange((change) => told.push(`1 ${change}`));
  const second = vitals.onChange((change) => told.push(`2 ${change}`));
  using _third = vitals.onChange((change) => told.push(`3 ${change}`));
  vitals.setConnection(ONLINE);
  second[Symbol.dispose]();
  vitals.endInterval();
  assert.deepEqual(told, ["1 connection", "2 connection", "3 connection", "1 interval", "3 interval"]);
});

test("Vitals log what a reader throws, once and then how often, and tell the others and that one again", async () => {
  const { clock, vitals, log } = someVitals();
  const told: string[] = [];
  using _first = vitals.onChange((change) => told.push(`1 ${change}`));
  using _ = vitals.onChange((change) => {
    told.push(`2 ${change}`);
    throw new RangeError("Invalid time value");
  });
  using _third = vitals.onChange((change) => told.push(`3 ${change}`));
  for (let times = 0; times < 3; times++) vitals.setConnection(ONLINE);
  vitals.setScan({ kind: "stopped", reason: "hci0 is gone" });
  await clock.advance(60_000);
  vitals.endInterval();
  vitals.end("stopped");
  const changes = ["connection", "connection", "connection", "scan", "interval", "ended"];
  assert.deepEqual(told, changes.flatMap((change) => [`1 ${change}`, `2 ${change}`, `3 ${change}`]));
  assert.deepEqual(
    log.records.map(({ level, event, fields: { reason, change, count, over_s } }) => ({
      ...{ level, event, reason, change },
      ...(count === undefined ? {} : { count, over_s }),
    })),
    [
      ...["connection", "scan"].map((change) => record("reader failed", change)),
      { ...record("reader failed again", "connection"), count: 2, over_s: 60 },
      ...["interval", "ended"].map((change) => record("reader failed", change)),
    ],
  );
  assert.match(String(log.records[0]?.fields["stack"]), /RangeError: Invalid time value\n.*vitals_test\.ts/);
});

function record(event: string, change: string) {
  return { level: "error", event, reason: "Invalid time value", change };
}
