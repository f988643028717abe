import assert from "node:assert/strict";
import { type ConnectionState, Vitals } from "../../src/agent/mod.ts";
import { announceDiscovery, type Discovery } from "../../src/home_assistant/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const ONLINE: ConnectionState = { kind: "online", sinceMs: 0, broker: "broker:1883", address: null };
const TOPIC = "homeassistant/device/bt-scanner_s1/config";
const DEVICE = { scannerId: "s1", version: "1", statusTopic: "ble/status/s1", statsTopic: null, statsIntervalS: 60 };

function announcing(device: Discovery["device"], connection?: ConnectionState) {
  const publisher = new FakePublisher();
  const vitals = new Vitals({ clock: new FakeClock(), missed: () => 0, log: new RecordingLog() });
  if (connection !== undefined) vitals.setConnection(connection);
  const announcement = announceDiscovery({ topic: TOPIC, device }, { vitals, publisher });
  return { publisher, vitals, announcement };
}

test("announceDiscovery() tells of the device on each connection, retained, and at no other time", () => {
  const { publisher, vitals, announcement } = announcing(DEVICE);
  vitals.setConnection({ kind: "connecting", attempt: 1 });
  vitals.setConnection(ONLINE);
  vitals.endInterval();
  vitals.setScan({ kind: "stopped", reason: "unplugged" });
  vitals.setConnection(ONLINE);
  assert.deepEqual(publisher.announced.map(({ topic, retain }) => ({ topic, retain })), [
    { topic: TOPIC, retain: true },
    { topic: TOPIC, retain: true },
  ]);
  assert.equal(JSON.parse(publisher.announced[0]?.payload ?? "").dev.name, "s1");
  announcement[Symbol.dispose]();
  vitals.setConnection(ONLINE);
  assert.equal(publisher.announced.length, 2);
});

test("announceDiscovery() takes the device back with an empty message", () => {
  const { publisher, vitals } = announcing(null);
  vitals.setConnection(ONLINE);
  assert.deepEqual(publisher.announced, [{ topic: TOPIC, payload: "", retain: true }]);
});

test("announceDiscovery() that begins when there is a connection tells at once", () => {
  const { publisher } = announcing(DEVICE, ONLINE);
  assert.deepEqual(publisher.announced.map(({ topic }) => topic), [TOPIC]);
  const waiting = announcing(DEVICE, { kind: "waiting", reason: "refused", retryInMs: 1_000, failures: 1 });
  assert.deepEqual(waiting.publisher.announced, []);
});
