import { deepEqual, doesNotMatch, equal, match, rejects } from "node:assert/strict";
import { type Echo, type EchoMessage, hearEcho } from "../../src/mqtt/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { startAedes } from "../support/aedes.ts";
import { freePort } from "../support/free_port.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { mqttOptions } from "../support/publishing.ts";
import { Subscriber } from "../support/subscriber.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const TOPIC = "ble/raw/s1/doctor/echo";
const KEPT = "homeassistant/device/bt-scanner_s1/config";
const MESSAGE: EchoMessage = { topic: TOPIC, payload: "1", keptTopics: [KEPT] };
const never = new AbortController().signal;

function echoAt(port: number, timeoutMs?: number): Promise<Echo> {
  const parts = { clock: systemClock, readFile: Deno.readFile };
  return hearEcho(mqttOptions(port, { clientId: "doctor" }), MESSAGE, parts, never, timeoutMs);
}

test("hearEcho() hears its own message alone, and which others are kept", async () => {
  await using broker = await startAedes();
  await using others = await Subscriber.open(broker.port, "#");
  await others.publish(KEPT, "{}", true);
  await others.publish(TOPIC, "from an earlier one", true);
  deepEqual(await echoAt(broker.port), { kind: "heard", kept: [KEPT] });
  await others.until(3);
  deepEqual(others.messages.at(-1), { topic: TOPIC, payload: "1", qos: 1, retain: false });
});

test("hearEcho() publishes nothing where the broker refuses the subscription", async () => {
  const published: string[] = [];
  await using broker = await startAedes({
    authorizeSubscribe: (_client, _subscription, done) => done(null, null),
    authorizePublish(_client, { topic }, done) {
      published.push(topic);
      done(null);
    },
  });
  const echo = await echoAt(broker.port);
  deepEqual(echo, { kind: "not subscribed", reason: "the broker refuses the subscription" });
  deepEqual(published, []);
});

test("hearEcho() tells that the broker closes the connection at the subscription, or at the message", async () => {
  await using deaf = await startAedes({ authorizeSubscribe: (_client, _to, done) => done(new Error("no")) });
  equal((await echoAt(deaf.port)).kind, "not subscribed");
  await using mute = await startAedes({ authorizePublish: (_client, _packet, done) => done(new Error("no")) });
  deepEqual(await echoAt(mute.port), { kind: "closed", reason: "connection closed by the broker" });
});

mosquittoTest("hearEcho() tells that Mosquitto's access list keeps the message from being heard", async () => {
  await using broker = await Mosquitto.prepare(
    "allow_anonymous true\nlistener {port} 127.0.0.1\nacl_file {folder}/acl\nlog_type all",
  );
  await Deno.writeTextFile(`${broker.folder}/acl`, `topic read #\ntopic write ${TOPIC}\n`);
  await broker.start();
  equal((await echoAt(broker.port)).kind, "heard");
  for (
    const [right, refusal] of [["read", "Denied PUBLISH from doctor"], ["write", "Sending PUBACK to doctor"]] as const
  ) {
    await Deno.writeTextFile(`${broker.folder}/acl`, `topic ${right} ${TOPIC}\n`);
    await broker.stop();
    await broker.start();
    const before = (await broker.log()).length;
    // A broker that is slow looks the same from outside: it must have had the message.
    await waitFor(async () => {
      deepEqual(await echoAt(broker.port, 500), { kind: "unheard", waitedMs: 500 }, right);
      return (await broker.log()).slice(before).includes(`${refusal} `);
    }, `"${refusal}" in the broker's log`);
    doesNotMatch((await broker.log()).slice(before), /Sending PUBLISH to doctor/);
  }
});

test("hearEcho() rejects where there is no connection, and as soon as it is told to end", async () => {
  await rejects(echoAt(freePort()), (error: Error) => {
    match(error.message, /nothing is listening/);
    return error.name === "ConnectionFailure";
  });
  const ending = new AbortController();
  await using broker = await startAedes({
    authorizeSubscribe: () => ending.abort(new Error("enough")), // never answered
  });
  const parts = { clock: systemClock, readFile: Deno.readFile };
  await rejects(hearEcho(mqttOptions(broker.port), MESSAGE, parts, ending.signal), /enough/);
});
