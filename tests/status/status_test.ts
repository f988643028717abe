import assert from "node:assert/strict";
import { type ConnectionState, Vitals } from "../../src/agent/mod.ts";
import { StatusReporter, statusWill } from "../../src/status/mod.ts";
import { statusSchema } from "../../src/status/status_schema.ts";
import type { Clock } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const OPTIONS = {
  scannerId: "s1",
  version: "1.2.3",
  topic: "ble/status/s1",
  intervalS: 60,
  hostname: "pi",
  bootId: "b-1",
  runId: "r-1",
  labels: { room: "attic" },
  configDigest: "d-1",
};
const SCANNING = {
  kind: "scanning",
  adapter: "hci0",
  adapterAddress: "00:11:22:33:44:55",
  mode: "active",
  extended: true,
} as const;

const ONLINE: ConnectionState = { kind: "online", sinceMs: 0, broker: "broker:1883", address: "192.0.2.7" };

function reporter(topic: string | null = OPTIONS.topic, clock: Clock = new FakeClock()) {
  const publisher = new FakePublisher();
  const vitals = new Vitals({ clock, missed: () => 0, log: new RecordingLog() });
  const options = { ...OPTIONS, topic };
  const status = new StatusReporter(options, { vitals, publisher, clock });
  const last = () => statusSchema.parse(JSON.parse(publisher.announced.at(-1)?.payload ?? "null"));
  const will = () => statusWill(options, vitals);
  return { publisher, vitals, status, last, will };
}

test("StatusReporter says online on a connection, retained, and why it does not scan yet", () => {
  const { publisher, vitals, last } = reporter();
  vitals.setConnection(ONLINE);
  assert.equal(publisher.announced[0]?.retain, true);
  assert.equal(publisher.announced[0]?.topic, "ble/status/s1");
  assert.deepEqual(last(), {
    status: "online",
    scanner_id: "s1",
    version: "1.2.3",
    started_at: "2026-01-11T10:30:45.123Z",
    scanning: false,
    adapter: null,
    adapter_address: null,
    extended: null,
    reason: "starting",
    since: "2026-01-11T10:30:45.123Z",
    last_heard_at: null,
    warning: null,
    broker: "broker:1883",
    broker_address: "192.0.2.7",
    hostname: "pi",
    boot_id: "b-1",
    run_id: "r-1",
    labels: { room: "attic" },
    config_digest: "d-1",
    interval_s: 60,
  });
});

test("StatusReporter says offline to a broker that is left for another one, and where to, until it is online there", async () => {
  const clock = new FakeClock();
  const { vitals, last } = reporter(OPTIONS.topic, clock);
  vitals.setScan(SCANNING);
  vitals.setConnection(ONLINE);
  await clock.advance(5_000);
  vitals.leave("returned to first:8883");
  vitals.endInterval();
  const { status, scanning, reason, since, broker } = last();
  assert.deepEqual([status, scanning, reason, broker], ["offline", false, "returned to first:8883", "broker:1883"]);
  assert.equal(since, "2026-01-11T10:30:50.123Z");
  vitals.setConnection({ ...ONLINE, broker: "first:8883" });
  assert.deepEqual([last().status, last().scanning, last().broker], ["online", true, "first:8883"]);
});

test("StatusReporter says scanning with the adapter, from when the scan runs", () => {
  const { vitals, last } = reporter();
  vitals.setScan(SCANNING);
  assert.deepEqual([last().scanning, last().adapter, last().adapter_address, last().reason], [
    true,
    "hci0",
    "00:11:22:33:44:55",
    null,
  ]);
});

test("StatusReporter says why the scan stopped, also on the next connection", () => {
  const { vitals, last } = reporter();
  vitals.setScan(SCANNING);
  vitals.setScan({ kind: "stopped", reason: "hci0 was unplugged" });
  vitals.setConnection(ONLINE);
  assert.deepEqual([last().status, last().scanning, last().reason], ["online", false, "hci0 was unplugged"]);
});

test("StatusReporter keeps the last failure while the scan begins again, and publishes nothing twice", () => {
  const { publisher, vitals, last } = reporter();
  vitals.setConnection(ONLINE);
  vitals.setScan({ kind: "starting" });
  assert.equal(publisher.announced.length, 1);
  for (let time = 0; time < 3; time++) {
    vitals.setScan({ kind: "stopped", reason: "hci0 was unplugged" });
    vitals.setScan({ kind: "starting" });
  }
  assert.equal(publisher.announced.length, 2);
  assert.equal(last().reason, "hci0 was unplugged");
  vitals.setScan(SCANNING);
  assert.deepEqual([publisher.announced.length, last().reason], [3, null]);
});

test("StatusReporter says since when it does what it does, and when it heard something last", async () => {
  const clock = new FakeClock();
  const { vitals, last } = reporter(OPTIONS.topic, clock);
  const told = () => {
    const { since, last_heard_at } = last();
    return [since, last_heard_at].map((time) => time?.slice(14, 19));
  };
  await clock.advance(10_000);
  vitals.setScan(SCANNING);
  assert.deepEqual(told(), ["30:55", undefined]);
  await clock.advance(10_000);
  vitals.heard();
  await clock.advance(10_000);
  vitals.setScan({ kind: "stopped", reason: "hci0 was unplugged" });
  await clock.advance(60_000);
  vitals.setScan({ kind: "stopped", reason: "there is none" });
  assert.deepEqual(told(), ["31:15", "31:05"]);
  vitals.setConnection(ONLINE);
  assert.deepEqual(told(), ["31:15", "31:05"]);
  await clock.advance(5_000);
  vitals.end("stopped");
  assert.deepEqual(told(), ["32:20", "31:05"]);
});

test("StatusReporter tells the same moment in the same words, though the clocks are never read at once", () => {
  const clock = new FakeClock();
  let noiseMs = 0;
  const noisy: Clock = {
    wallMs: () => clock.wallMs() + noiseMs,
    monotonicMs: () => clock.monotonicMs(),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
  };
  const { vitals, last } = reporter(OPTIONS.topic, noisy);
  vitals.setScan(SCANNING);
  const { since } = last();
  noiseMs = 1;
  vitals.endInterval();
  assert.equal(last().since, since);
  noiseMs = 5_000;
  vitals.endInterval();
  assert.equal(last().since, "2026-01-11T10:30:50.123Z");
});

test("StatusReporter says what the publisher warns of, which the will does not know", () => {
  const { vitals, last, will } = reporter();
  vitals.setScan(SCANNING);
  vitals.setWarning("another client");
  vitals.setConnection(ONLINE);
  assert.deepEqual([last().scanning, last().reason, last().warning], [true, null, "another client"]);
  vitals.setWarning(null);
  assert.equal(last().warning, null);
  vitals.setWarning("another client");
  const { warning, since } = statusSchema.parse(JSON.parse(will()?.payload ?? "null"));
  assert.deepEqual([warning, since], [null, null]);
});

test("StatusReporter does not say scanning in a silence, but what it listens with and why", () => {
  const { vitals, last } = reporter();
  vitals.setScan({
    kind: "silent",
    adapter: "hci0",
    adapterAddress: "00:11:22:33:44:55",
    extended: true,
    silentMs: 60_000,
  });
  assert.deepEqual([last().scanning, last().adapter, last().adapter_address], [false, "hci0", "00:11:22:33:44:55"]);
  assert.match(last().reason ?? "", /^nothing heard for 60 s/);
});

test("StatusReporter says offline at the end, and in the will", () => {
  const { vitals, last, will } = reporter();
  vitals.setScan(SCANNING);
  assert.equal(will()?.topic, "ble/status/s1");
  const spoken = statusSchema.parse(JSON.parse(will()?.payload ?? "null"));
  assert.deepEqual([spoken.status, spoken.scanning, spoken.reason], ["offline", false, "connection lost"]);
  assert.deepEqual([spoken.run_id, spoken.labels, spoken.config_digest], ["r-1", { room: "attic" }, null]);
  vitals.end("stopped");
  assert.deepEqual([last().status, last().scanning, last().reason], ["offline", false, "stopped"]);
});

test("StatusReporter says nothing where status is off", () => {
  const { publisher, vitals, will } = reporter(null);
  vitals.setConnection(ONLINE);
  vitals.end("stopped");
  assert.equal(will(), null);
  assert.deepEqual(publisher.announced, []);
});

test("StatusReporter tells the time of the start anew when the clock was set", async () => {
  const clock = new FakeClock(Date.UTC(2024, 0, 1));
  let setByMs = 0;
  const settable = { ...clock, wallMs: () => clock.wallMs() + setByMs, monotonicMs: () => clock.monotonicMs() };
  const { vitals, last } = reporter(OPTIONS.topic, { ...settable, sleep: clock.sleep.bind(clock) });
  const startedAt = () => {
    vitals.setConnection(ONLINE);
    return last().started_at;
  };
  assert.equal(startedAt(), "2024-01-01T00:00:00.000Z");
  await clock.advance(90_000);
  setByMs = 20; // clocks are put right by milliseconds all the time
  assert.equal(startedAt(), "2024-01-01T00:00:00.000Z");
  setByMs = Date.UTC(2026, 0, 1) - Date.UTC(2024, 0, 1);
  assert.equal(startedAt(), "2026-01-01T00:00:00.000Z");
});

test("StatusReporter tells the status again after each interval, with the time of the last report", async () => {
  const clock = new FakeClock();
  const { publisher, vitals, last, status } = reporter(OPTIONS.topic, clock);
  vitals.setConnection(ONLINE);
  vitals.setScan(SCANNING);
  assert.equal(last().last_heard_at, null);
  await clock.advance(50_000);
  vitals.heard();
  await clock.advance(10_000);
  vitals.endInterval();
  assert.deepEqual([last().status, last().last_heard_at], ["online", "2026-01-11T10:31:35.123Z"]);
  const { length } = publisher.announced;
  vitals.setConnection({ kind: "waiting", reason: "gone", retryInMs: 1, failures: 1 });
  assert.equal(publisher.announced.length, length, "nobody is there to be told");
  status[Symbol.dispose]();
  vitals.endInterval();
  assert.equal(publisher.announced.length, length);
});
