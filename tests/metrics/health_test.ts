import assert from "node:assert/strict";
import { Vitals } from "../../src/agent/mod.ts";
import { healthResponse, whyNotAlive, whyNotReady } from "../../src/metrics/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

function health() {
  const clock = new FakeClock();
  const vitals = new Vitals({ clock, missed: () => 0, log: new RecordingLog() });
  return { clock, vitals, patienceMs: () => 90_000 };
}

const SCANNING = { kind: "scanning", adapter: "hci0", adapterAddress: null, mode: "active", extended: true } as const;
const ONLINE = { kind: "online", sinceMs: 0, broker: "broker:1883", address: null } as const;

test("whyNotReady() has nothing to say while it scans and is connected", () => {
  const parts = health();
  parts.vitals.setScan(SCANNING);
  parts.vitals.setConnection(ONLINE);
  assert.deepEqual(whyNotReady(parts), []);
});

test("whyNotReady() says everything that is wrong, in the words that the status has for it", () => {
  const parts = health();
  assert.deepEqual(whyNotReady(parts), ["not scanning: starting", "not connected to the broker: idle"]);
  parts.vitals.setScan({ kind: "stopped", reason: "hci0 was unplugged" });
  parts.vitals.setConnection({ kind: "waiting", reason: "connection refused", retryInMs: 1, failures: 1 });
  parts.vitals.setWarning("another client has the same identifier");
  assert.deepEqual(whyNotReady(parts), [
    "not scanning: hci0 was unplugged",
    "not connected to the broker: connection refused",
    "another client has the same identifier",
  ]);
});

test("whyNotAlive() does not mind an adapter or a broker that is away: a restart would not help", async () => {
  const parts = health();
  parts.vitals.setScan({ kind: "stopped", reason: "hci0 was unplugged" });
  await parts.clock.advance(90_000);
  parts.vitals.scanMoved();
  await parts.clock.advance(90_000);
  assert.deepEqual(whyNotAlive(parts), []);
});

test("whyNotAlive() says for how long a scan has been stuck, and that the agent ends", async () => {
  const parts = health();
  await parts.clock.advance(90_001);
  assert.deepEqual(whyNotAlive(parts), ["the scan is stuck: no sign of life for 90 s"]);
  parts.vitals.scanMoved();
  parts.vitals.end("stopped");
  assert.deepEqual(whyNotAlive(parts), ["ending: stopped"]);
});

test("healthResponse() is 200 with nothing to say, else 503 with a line for each reason", () => {
  assert.deepEqual(healthResponse([]), { status: 200, type: "text/plain; charset=utf-8", body: "ok\n" });
  assert.deepEqual(healthResponse(["a", "b"]), { status: 503, type: "text/plain; charset=utf-8", body: "a\nb\n" });
});
