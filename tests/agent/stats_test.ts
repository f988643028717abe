import assert from "node:assert/strict";
import { statsSchema } from "../../src/agent/status_schema.ts";
import { DeviceCount } from "../../src/agent/device_count.ts";
import { ReportCounter } from "../../src/agent/counters.ts";
import { StatsReporter } from "../../src/agent/stats.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

function reporter(topic: string | null, maxInFlight: number | null = null) {
  const clock = new FakeClock();
  const publisher = new FakePublisher();
  const log = new RecordingLog();
  const counter = new ReportCounter();
  const devices = new DeviceCount();
  publisher.reconnects = 2;
  const stats = new StatsReporter({ scannerId: "s1", intervalMs: 60_000, topic, maxInFlight }, {
    clock,
    publisher,
    log,
    counters: () => ({ ...counter.snapshot(), missed: 3 }),
    devices,
    memory: () => ({ heapBytes: 5_000_000, rssBytes: 60_000_000 }),
  });
  return { devices, clock, publisher, log, counter, stats };
}

test("StatsReporter publishes the counters with rates over the interval, not retained", async () => {
  const { clock, publisher, log, counter, devices, stats } = reporter("ble/stats/s1");
  for (const last of ["01", "02", "01"]) devices.heard(`AA:BB:CC:DD:EE:${last}`);
  for (let i = 0; i < 600; i++) counter.received();
  for (let i = 0; i < 300; i++) counter.ended("published");
  await clock.advance(60_000);
  stats.report();
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
    dropped_unacknowledged: 0,
    filtered: 0,
    invalid: 0,
    in_flight: 300,
    malformed_structures: 0,
    missed: 3,
    received_per_s: 10,
    published_per_s: 5,
    limited_by: null,
    devices: 2,
    reconnects: 2,
    heap_bytes: 5_000_000,
    rss_bytes: 60_000_000,
  });
  assert.equal(log.of("statistics")[0]?.level, "info");
  assert.equal(log.of("statistics")[0]?.fields["received_per_s"], 10);
});

test("StatsReporter takes rates since the last report, and totals since the start", async () => {
  const { clock, log, counter, stats } = reporter(null);
  for (let i = 0; i < 100; i++) counter.received();
  await clock.advance(10_000);
  stats.report();
  await clock.advance(10_000);
  stats.report();
  assert.deepEqual(log.of("statistics").map((r) => [r.fields["received"], r.fields["received_per_s"]]), [
    [100, 10],
    [100, 0],
  ]);
});

test("StatsReporter has no rate over no time", () => {
  const { publisher, log, counter, stats } = reporter(null);
  counter.received();
  stats.report();
  assert.equal(log.of("statistics")[0]?.fields["received_per_s"], 0);
  assert.deepEqual(publisher.announced, []);
});

test("StatsReporter says that max_in_flight holds messages back, and how long an acknowledgement takes", async () => {
  const { clock, log, counter, stats } = reporter(null, 100);
  const pass = async (published: number, dropped: number, inFlight: number) => {
    for (let i = 0; i < published + dropped + inFlight; i++) counter.received();
    for (let i = 0; i < published; i++) counter.ended("published");
    for (let i = 0; i < dropped; i++) counter.ended("droppedBackpressure");
    await clock.advance(10_000);
    stats.report();
    return log.of("statistics").at(-1)?.fields["limited_by"];
  };
  assert.equal(await pass(1_000, 0, 50), null);
  assert.equal(await pass(1_000, 10, 0), null, "a burst that is over");
  assert.equal(await pass(20_000, 5_000, 50), "max_in_flight: 100 ÷ 50 ms to an acknowledgement");
  assert.equal(await pass(20_000, 0, 0), null, "nothing was dropped");
  assert.equal(await pass(0, 100, 0), null, "nothing is acknowledged at all");
});

test("StatsReporter knows no max_in_flight where nothing is acknowledged", async () => {
  const { clock, log, counter, stats } = reporter(null);
  for (let i = 0; i < 300; i++) counter.received();
  for (let i = 0; i < 100; i++) counter.ended(i % 2 === 0 ? "published" : "droppedBackpressure");
  await clock.advance(10_000);
  stats.report();
  assert.equal(log.of("statistics")[0]?.fields["limited_by"], null);
});
