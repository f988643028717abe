import { deepEqual, equal, match } from "node:assert/strict";
import type { MqttOptions } from "../../src/mqtt/mod.ts";
import { startAedes } from "../support/aedes.ts";
import { freePort } from "../support/free_port.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { Nats } from "../support/nats.ts";
import { testWith } from "../support/programs.ts";
import { startPublishing } from "../support/publishing.ts";
import { Subscriber } from "../support/subscriber.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const will = (topic: string, payload = "{}") => ({ will: { topic, payload, retain: true } as const });

/** Fails to connect to the broker at this port; what is logged first. */
async function firstFailure(port: number, changes: Partial<MqttOptions>): Promise<{ reason: string; remedy: string }> {
  await using publishing = startPublishing(port, changes);
  await waitFor(() => publishing.log.of("broker connection failed").length > 0, "a failure");
  const { reason, remedy } = publishing.log.of("broker connection failed")[0]?.fields ?? {};
  return { reason: String(reason), remedy: String(remedy) };
}

testWith(["nats-server"], "MqttPublisher says that NATS closes because of the dot in the will's topic", async () => {
  await using nats = await Nats.start();
  const { reason, remedy } = await firstFailure(nats.port, will("ble/status/pi.example.org"));
  equal(reason, "connection closed before the broker answered");
  match(
    remedy,
    /most likely first: it accepts no dots or spaces in a topic, like NATS, and ble\/status\/pi\.example\.org/,
  );
  match(await nats.log(), /'\.' not supported for MQTT topics/);
  await using publishing = startPublishing(nats.port, will("ble/status/pi-example-org"));
  await publishing.ready();
});

test("MqttPublisher names retained wills and identifiers where aedes closes because of one", async () => {
  const refuses: readonly ((packet: { clientId: string; will?: { retain?: boolean } }) => boolean)[] = [
    (packet) => packet.will?.retain === true,
    (packet) => packet.clientId.includes("-"),
  ];
  for (const refused of refuses) {
    await using broker = await startAedes({
      preConnect: (_client, packet, done) => done(refused(packet) ? new Error("refused") : null, !refused(packet)),
    });
    const { reason, remedy } = await firstFailure(broker.port, will("ble/status/s1"));
    match(reason, /closed before the broker answered|reset before/);
    match(remedy, /retained will.*status\.enabled/);
    match(remedy, /does not accept bt-mqtt-scanner-01 as a client identifier/);
    await using publishing = startPublishing(broker.port, { clientId: "scanner01" });
    await publishing.ready();
  }
});

mosquittoTest(
  "MqttPublisher says that Mosquitto may find the will too long, which it calls not authorised",
  async () => {
    await using broker = await Mosquitto.start(
      "allow_anonymous true\nlistener {port} 127.0.0.1\nmessage_size_limit 240",
    );
    const { reason, remedy } = await firstFailure(broker.port, will("ble/status/s1", "x".repeat(241)));
    match(reason, /not authorised \(5\)/);
    match(remedy, /message_size_limit is less than the will's 241 bytes/);
    await using publishing = startPublishing(broker.port, will("ble/status/s1", "x".repeat(240)));
    await publishing.ready();
  },
);

mosquittoTest("Mosquitto discards messages above message_size_limit without a word, as the documents say", async () => {
  await using broker = await Mosquitto.start("allow_anonymous true\nlistener {port} 127.0.0.1\nmessage_size_limit 240");
  await using publishing = startPublishing(broker.port, { qos: 1 });
  await publishing.ready();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/#");
  for (const length of [240, 241, 239]) publishing.publish("x".repeat(length));
  await waitFor(() => publishing.settled.length === 3 && subscriber.messages.length === 2, "what is acknowledged");
  deepEqual(publishing.settled, [null, null, null]);
  deepEqual(subscriber.payloads().map((payload) => payload.length), [240, 239]);
});

test("MqttPublisher says that a link-local address cannot be connected to", async () => {
  await using publishing = startPublishing(freePort(), { host: "fe80::1%lo" });
  await waitFor(() => publishing.log.of("broker connection failed").length > 0, "a failure");
  const { reason, remedy } = publishing.log.of("broker connection failed")[0]?.fields ?? {};
  equal(reason, "the broker's address is link-local, and cannot be connected to");
  equal(remedy, "set mqtt.broker.host to another of its addresses, or to its name");
});
