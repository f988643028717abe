import { deepEqual, equal, ok } from "node:assert/strict";
import { Mosquitto, mosquittoTest } from "../../support/mosquitto.ts";
import { startPublishing } from "../../support/publishing.ts";
import { CONNACK, ScriptedBroker } from "../../support/scripted_broker.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Arrivals } from "./arrivals.ts";

const CONFIG = "persistence true\npersistence_location {folder}/\nallow_anonymous true\nlistener {port} 127.0.0.1";

/** A message as the agent writes it, about a report read so long ago. */
function message(agoMs: number, name = "ü"): string {
  const timestamp = new Date(Date.now() - agoMs).toISOString();
  return JSON.stringify({ scanner_id: "s1", mac_address: "AA", rssi: -60, timestamp, local_name: name });
}

mosquittoTest("Arrivals counts each scanner's messages, how old they are, and scanners that go offline", async () => {
  await using broker = await Mosquitto.start(CONFIG);
  await using arrivals = await Arrivals.open(broker.port, 1, 13);
  await using publishing = startPublishing(broker.port, { qos: 1 });
  await publishing.ready();
  arrivals.watch();
  publishing.publish(message(300), "ble/raw/s0/AA");
  publishing.publish(message(200), "ble/raw/s12/AA");
  publishing.publish(message(0), "ble/raw/s12/AA");
  publishing.publish('{"status":"online"}', "ble/status/s0");
  publishing.publish('{"status":"offline"}', "ble/status/s0");
  await waitFor(() => arrivals.offline === 1, "the last message");
  deepEqual([...arrivals.counts], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
  ok(arrivals.ageMs(1) >= 300 && arrivals.ageMs(1) < 5_000, `${arrivals.ageMs(1)} ms`);
  ok(arrivals.ageMs(0.5) >= 200, `${arrivals.ageMs(0.5)} ms`);
  equal(arrivals.firstMs.length, 1); // of s0, nothing that was read since
});

mosquittoTest("Arrivals misses nothing while the broker restarts", async () => {
  await using broker = await Mosquitto.start(CONFIG);
  await using arrivals = await Arrivals.open(broker.port, 1, 2);
  for (const [restarts, total] of [[0, 100], [1, 200], [2, 300]] as const) {
    if (restarts > 0) {
      await broker.stop();
      await broker.start();
    }
    await using publishing = startPublishing(broker.port, { qos: 1 });
    await publishing.ready();
    for (let i = 0; i < 100; i++) publishing.publish(message(0, `${restarts} ${i}`), "ble/raw/s1/AA");
    await waitFor(() => publishing.settled.length === 100, "all acknowledgements");
    await waitFor(() => arrivals.total === total, `${total} messages`);
  }
  equal(arrivals.lostSessions, 0);
});

test("Arrivals counts what a broker sends twice once, and tells of a session that the broker lost", async () => {
  const payload = new TextEncoder().encode(message(0));
  const topic = new TextEncoder().encode("ble/raw/s1/AA");
  const publish = (flags: number) => {
    const body = [0, topic.length, ...topic, 0, 7, ...payload];
    return [0x30 | flags, body.length & 0x7f | 0x80, body.length >> 7, ...body];
  };
  const connections: number[][] = [publish(0x02), [...publish(0x0a), ...publish(0x02)]];
  await using broker = new ScriptedBroker(async (connection) => {
    await connection.read(new Uint8Array(1_024));
    await connection.write(CONNACK);
    await connection.read(new Uint8Array(1_024)); // SUBSCRIBE
    await connection.write(Uint8Array.from([0x90, 4, 0, 1, 1, 1, ...connections.shift() ?? []]));
    await connection.read(new Uint8Array(1_024)); // PUBACK
  });
  await using arrivals = await Arrivals.open(broker.port, 1, 2);
  await waitFor(() => arrivals.total === 2, "both messages");
  equal(arrivals.duplicates, 1);
  ok(arrivals.lostSessions >= 1);
});
