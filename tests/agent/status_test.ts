import assert from "node:assert/strict";
import { StatusReporter } from "../../src/agent/mod.ts";
import { statusSchema } from "../../src/agent/status_schema.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { test } from "../support/test.ts";

const OPTIONS = { scannerId: "s1", version: "1.2.3", topic: "ble/status/s1", hostname: "pi", bootId: "b-1" };
const SCANNING = {
  kind: "scanning",
  adapter: "hci0",
  adapterAddress: "00:11:22:33:44:55",
  mode: "active",
  extended: true,
} as const;

function reporter(topic: string | null = OPTIONS.topic) {
  const publisher = new FakePublisher();
  const status = new StatusReporter({ ...OPTIONS, topic }, () => publisher, new FakeClock());
  const last = () => statusSchema.parse(JSON.parse(publisher.announced.at(-1)?.payload ?? "null"));
  return { publisher, status, last };
}

test("StatusReporter says online on a connection, retained, and why it does not scan yet", () => {
  const { publisher, status, last } = reporter();
  status.online();
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
    broker_address: "192.0.2.7",
    hostname: "pi",
    boot_id: "b-1",
  });
});

test("StatusReporter says scanning with the adapter, from when the scan runs", () => {
  const { status, last } = reporter();
  status.scan(SCANNING);
  assert.deepEqual([last().scanning, last().adapter, last().adapter_address, last().reason], [
    true,
    "hci0",
    "00:11:22:33:44:55",
    null,
  ]);
});

test("StatusReporter says why the scan stopped, also on the next connection", () => {
  const { status, last } = reporter();
  status.scan(SCANNING);
  status.scan({ kind: "stopped", reason: "hci0 was unplugged" });
  status.online();
  assert.deepEqual([last().status, last().scanning, last().reason], ["online", false, "hci0 was unplugged"]);
});

test("StatusReporter keeps the last failure while the scan begins again, and publishes nothing twice", () => {
  const { publisher, status, last } = reporter();
  status.online();
  status.scan({ kind: "starting" });
  assert.equal(publisher.announced.length, 1);
  for (let time = 0; time < 3; time++) {
    status.scan({ kind: "stopped", reason: "hci0 was unplugged" });
    status.scan({ kind: "starting" });
  }
  assert.equal(publisher.announced.length, 2);
  assert.equal(last().reason, "hci0 was unplugged");
  status.scan(SCANNING);
  assert.deepEqual([publisher.announced.length, last().reason], [3, null]);
});

test("StatusReporter says since when it does what it does, and when it heard something last", async () => {
  const publisher = new FakePublisher();
  const clock = new FakeClock();
  const status = new StatusReporter(OPTIONS, () => publisher, clock);
  const told = () => {
    const { since, last_heard_at } = statusSchema.parse(JSON.parse(publisher.announced.at(-1)?.payload ?? "null"));
    return [since, last_heard_at].map((time) => time?.slice(14, 19));
  };
  await clock.advance(10_000);
  status.scan(SCANNING);
  assert.deepEqual(told(), ["30:55", undefined]);
  await clock.advance(10_000);
  status.heard();
  await clock.advance(10_000);
  status.scan({ kind: "stopped", reason: "hci0 was unplugged" });
  await clock.advance(60_000);
  status.scan({ kind: "stopped", reason: "there is none" });
  assert.deepEqual(told(), ["31:15", "31:05"]);
  status.online();
  assert.deepEqual(told(), ["31:15", "31:05"]);
  await clock.advance(5_000);
  status.stopped("stopped");
  assert.deepEqual(told(), ["32:20", "31:05"]);
});

test("StatusReporter says what the publisher warns of, which the will does not know", () => {
  const { publisher, status, last } = reporter();
  status.scan(SCANNING);
  publisher.warning = "another client";
  status.online();
  assert.deepEqual([last().scanning, last().reason, last().warning], [true, null, "another client"]);
  publisher.warning = null;
  status.warningChanged();
  assert.equal(last().warning, null);
  publisher.warning = "another client";
  const { warning, since } = statusSchema.parse(JSON.parse(status.will?.payload ?? "null"));
  assert.deepEqual([warning, since], [null, null]);
});

test("StatusReporter does not say scanning in a silence, but what it listens with and why", () => {
  const { status, last } = reporter();
  status.scan({
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
  const { status, last } = reporter();
  status.scan(SCANNING);
  assert.equal(status.will?.topic, "ble/status/s1");
  const will = statusSchema.parse(JSON.parse(status.will?.payload ?? "null"));
  assert.deepEqual([will.status, will.scanning, will.reason], ["offline", false, "connection lost"]);
  status.stopped("stopped");
  assert.deepEqual([last().status, last().scanning, last().reason], ["offline", false, "stopped"]);
});

test("StatusReporter says nothing where status is off", () => {
  const { publisher, status } = reporter(null);
  status.online();
  status.stopped("stopped");
  assert.equal(status.will, null);
  assert.deepEqual(publisher.announced, []);
});

test("StatusReporter tells the time of the start anew when the clock was set", async () => {
  const publisher = new FakePublisher();
  const clock = new FakeClock(Date.UTC(2024, 0, 1));
  let setByMs = 0;
  const settable = { ...clock, wallMs: () => clock.wallMs() + setByMs, monotonicMs: () => clock.monotonicMs() };
  const status = new StatusReporter(OPTIONS, () => publisher, { ...settable, sleep: clock.sleep.bind(clock) });
  const startedAt = () => {
    status.online();
    return statusSchema.parse(JSON.parse(publisher.announced.at(-1)?.payload ?? "null")).started_at;
  };
  assert.equal(startedAt(), "2024-01-01T00:00:00.000Z");
  await clock.advance(90_000);
  setByMs = 20; // clocks are put right by milliseconds all the time
  assert.equal(startedAt(), "2024-01-01T00:00:00.000Z");
  setByMs = Date.UTC(2026, 0, 1) - Date.UTC(2024, 0, 1);
  assert.equal(startedAt(), "2026-01-01T00:00:00.000Z");
});
