import assert from "node:assert/strict";
import { statsSchema } from "../../src/status/status_schema.ts";
import { Vitals } from "../../src/agent/mod.ts";
import { StatsReporter } from "../../src/status/mod.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

function reporter(topic: string | null, maxInFlight: number | null = null) {
  const clock = new FakeClock();
  const publisher = new FakePublisher();
  const log = new RecordingLog();
  const vitals = new Vitals({ clock, missed: () => 3, log });
  for (let connection = 0; connection < 3; connection++) {
    vitals.setConnection({ kind: "online", sinceMs: 0, broker: "broker:1883", address: null });
  }
  const memory = () => ({ heapBytes: 5_000_000, rssBytes: 60_000_000 });
  new StatsReporter({ scannerId: "s1", topic, maxInFlight }, { vitals, publisher, memory, clock, log });
  return { vitals, counter: vitals.counter, clock, publisher, log };
}

test("StatsReporter publishes the counters with rates over the interval, not retained", async () => {
  const { clock, publisher, log, counter, vitals } = reporter("ble/stats/s1");
  for (const last of ["01", "02", "01"]) {
    vitals.advertisementHeard(someAdvertisement({ address: `AA:BB:CC:DD:EE:${last}` }));
  }
  for (let i = 0; i < 600; i++) counter.received();
  for (let i = 0; i < 300; i++) counter.ended("published");
  for (let i = 0; i < 20; i++) counter.filtered("names");
  for (let i = 0; i < 30; i++) counter.filtered("max_rate_per_device");
  await clock.advance(60_000);
  vitals.endInterval();
  const { topic, payload, retain } = publisher.announced[0] ?? { topic: "", payload: "{}", retain: true };
  assert.equal(topic, "ble/stats/s1");
  assert.equal(retain, false);
  assert.deepEqual(statsSchema.parse(JSON.parse(payload)), {
    scanner_id: "s1",
    timestamp: "2026-01-11T10:31:45.123Z",
    uptime_s: 60,
    interval_s: 60,
    received: 600,
    published: 300,
    dropped_offline: 0,
    dropped_backpressure: 0,
    dropped_rate_limited: 0,
    dropped_unacknowledged: 0,
    filtered: 50,
    filtered_by: { names: 20, max_rate_per_device: 30 },
    invalid: 0,
    in_flight: 250,
    malformed_structures: 0,
    missed: 3,
    received_per_s: 10,
    published_per_s: 5,
    limited_by: null,
    devices: 2,
    broker: "broker:1883",
    reconnects: 2,
    heap_bytes: 5_000_000,
    rss_bytes: 60_000_000,
  });
  assert.equal(log.of("statistics")[0]?.level, "info");
  assert.equal(log.of("statistics")[0]?.fields["received_per_s"], 10);
});

test("StatsReporter takes rates since the last report, and totals since the start", async () => {
  const { clock, log, counter, vitals } = reporter(null);
  for (let i = 0; i < 100; i++) counter.received();
  await clock.advance(10_000);
  vitals.endInterval();
  await clock.advance(10_000);
  vitals.endInterval();
  assert.deepEqual(log.of("statistics").map((r) => [r.fields["received"], r.fields["received_per_s"]]), [
    [100, 10],
    [100, 0],
  ]);
});

test("StatsReporter has no rate over no time", () => {
  const { publisher, log, counter, vitals } = reporter(null);
  counter.received();
  vitals.endInterval();
  assert.equal(log.of("statistics")[0]?.fields["received_per_s"], 0);
  assert.deepEqual(publisher.announced, []);
});

test("StatsReporter says that max_in_flight holds messages back, and how long an acknowledgement takes", async () => {
  const { clock, log, counter, vitals } = reporter(null, 100);
  const pass = async (published: number, dropped: number, inFlight: number) => {
    for (let i = 0; i < published + dropped + inFlight; i++) counter.received();
    for (let i = 0; i < published; i++) counter.ended("published");
    for (let i = 0; i < dropped; i++) counter.ended("droppedBackpressure");
    await clock.advance(10_000);
    vitals.endInterval();
    return log.of("statistics").at(-1)?.fields["limited_by"];
  };
  assert.equal(await pass(1_000, 0, 50), null);
  assert.equal(await pass(1_000, 10, 0), null, "a burst that is over");
  assert.equal(await pass(20_000, 5_000, 50), "max_in_flight: 100 ÷ 50 ms per acknowledgement");
  assert.equal(await pass(20_000, 0, 0), null, "nothing was dropped");
  assert.equal(await pass(0, 100, 0), null, "nothing is acknowledged at all");
});

test("StatsReporter knows no max_in_flight where nothing is acknowledged", async () => {
  const { clock, log, counter, vitals } = reporter(null);
  for (let i = 0; i < 300; i++) counter.received();
  for (let i = 0; i < 100; i++) counter.ended(i % 2 === 0 ? "published" : "droppedBackpressure");
  await clock.advance(10_000);
  vitals.endInterval();
  assert.equal(log.of("statistics")[0]?.fields["limited_by"], null);
});

test("StatsReporter reports at the end too, but has no statistics of a start that failed", () => {
  const { log, vitals } = reporter(null);
  vitals.end("Cannot open hci0");
  assert.equal(log.of("statistics").length, 0);
  vitals.setScan({ kind: "scanning", adapter: "hci0", adapterAddress: null, mode: "active", extended: false });
  vitals.end("stopped");
  assert.equal(log.of("statistics").length, 1);
});
