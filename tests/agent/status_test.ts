import assert from "node:assert/strict";
import { StatusReporter } from "../../src/agent/mod.ts";
import { statusSchema } from "../../src/agent/status_schema.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { test } from "../support/test.ts";

const OPTIONS = { scannerId: "s1", version: "1.2.3", topic: "ble/status/s1" };
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
