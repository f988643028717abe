import assert from "node:assert/strict";
import type { MqttOptions } from "../../src/mqtt/mod.ts";
import { MqttSubscriber, type ReceivedMessage, type SubscriptionState } from "../../src/mqtt/subscriber.ts";
import { type Clock, systemClock } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { decodePackets } from "../support/mqtt_packets.ts";
import { mqttOptions } from "../support/publishing.ts";
import { CONNACK, readAll, type Script, ScriptedBroker } from "../support/scripted_broker.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const FILTERS = ["ble/status/#", "ble/stats/#"];
const REMEDY = "allow this user to read ble/status/# and ble/stats/# in the broker's access list";

function subscribing(port: number, changes: Partial<MqttOptions> = {}, clock: Clock = systemClock) {
  const states: SubscriptionState[] = [];
  const messages: ReceivedMessage[] = [];
  const subscriber = new MqttSubscriber(
    mqttOptions(port, changes),
    { filters: FILTERS, mostBytes: 100 },
    {
      clock,
      random: Math.random,
      readFile: Deno.readFile,
      message: (message) => messages.push(message),
      changed: (state) => states.push(state),
    },
  );
  subscriber.start();
  return { subscriber, states, messages };
}

/** Accepts, reads SUBSCRIBE, and goes on with what a test wants; packet identifiers are those of mqtt.js. */
function answeringSubscribe(answer: (id: readonly number[]) => readonly number[] | null): Script {
  return async (connection) => {
    const bytes = new Uint8Array(65_536);
    await connection.read(bytes);
    await connection.write(CONNACK);
    await connection.read(bytes);
    const answered = answer([bytes[2] ?? 0, bytes[3] ?? 0]);
    if (answered === null) return;
    const all = Uint8Array.from(answered);
    for (let at = 0; at < all.length;) at += await connection.write(all.subarray(at));
    await readAll(connection);
  };
}

async function until(states: readonly SubscriptionState[], kind: SubscriptionState["kind"], count = 1) {
  await waitFor(() => states.filter((state) => state.kind === kind).length >= count, `${count} × ${kind}`);
  return states.findLast((state) => state.kind === kind);
}

test("MqttSubscriber says which subscriptions were refused, and reads the others", async () => {
  await using broker = new ScriptedBroker(
    answeringSubscribe((id) => [0x90, 4, ...id, 0, 0x80, ...[0x31, 5, 0, 1, 0x61, 0x68, 0x69]]),
  );
  const { subscriber, states, messages } = subscribing(broker.port);
  await using _ = subscriber;
  const state = await until(states, "subscribed");
  assert.deepEqual(state?.kind === "subscribed" && state.refused, ["ble/stats/#"]);
  await waitFor(() => messages.length > 0, "the message");
  const [message] = messages;
  assert.deepEqual(message && { ...message, payload: new TextDecoder().decode(message.payload ?? undefined) }, {
    topic: "a",
    payload: "hi",
    isRetained: true,
  });
});

for (
  const [what, answer, reason] of [
    ["refuses all", (id: readonly number[]) => [0x90, 4, ...id, 0x80, 0x80], /^the broker refuses the subscription to/],
    ["closes instead", () => null, /^connection closed by the broker instead of answering the subscription to/],
    ["answers something else", () => [0x20, 0xff, 0xff, 0xff, 0xff], /instead of answering the subscription to/],
  ] as const
) {
  test(`MqttSubscriber says what to allow where a broker ${what}, and tries again`, async () => {
    await using broker = new ScriptedBroker(answeringSubscribe(answer));
    const { subscriber, states } = subscribing(broker.port);
    await using _ = subscriber;
    const state = await until(states, "failed", 2);
    assert.ok(state?.kind === "failed");
    assert.match(state.failure.message, reason);
    assert.ok(state.failure.remedy?.includes(REMEDY), `${state.failure.remedy}`);
    assert.ok(broker.accepted >= 2);
  });
}

test("MqttSubscriber gives up waiting for an answer that does not come", async () => {
  await using broker = new ScriptedBroker(answeringSubscribe(() => []));
  const { subscriber, states } = subscribing(broker.port, { connectTimeoutMs: 300 });
  await using _ = subscriber;
  const reason = "the broker did not answer the subscription to ble/status/# and ble/stats/# within 0.3 s";
  // On a busy machine connecting may have taken as long before.
  await waitFor(() => states.some((state) => state.kind === "failed" && state.failure.message === reason), reason);
});

test("MqttSubscriber leaves no session at a broker, not even where it looks whether it may return to it", async () => {
  const flags: (number | undefined)[] = [];
  await using first = new ScriptedBroker(async (connection) => {
    const bytes = new Uint8Array(65_536);
    const length = await connection.read(bytes) ?? 0;
    if (length === 0) return; // a probe
    flags.push(...decodePackets(bytes.subarray(0, length)).map(({ body }) => body[7]));
    if (flags.length > 1) await connection.write(CONNACK);
  });
  await using other = new ScriptedBroker(answeringSubscribe((id) => [0x90, 4, ...id, 0, 0]));
  const clock = new FakeClock();
  const alternatives = [{ host: "127.0.0.1", port: other.port }];
  const { subscriber, states } = subscribing(first.port, { alternatives, cleanSession: false, keepAliveS: 0 }, clock);
  await using _ = subscriber;
  await until(states, "subscribed");
  await waitFor(async () => {
    await clock.advance(1_000);
    return flags.length > 1;
  }, "a look at the first broker");
  assert.deepEqual(flags.map((each) => Number(each) & 0x02), flags.map(() => 0x02));
});

test("MqttSubscriber subscribes again on each connection, and ends at once", async () => {
  await using broker = new ScriptedBroker(answeringSubscribe((id) => [0x90, 4, ...id, 0, 0]));
  const { subscriber, states } = subscribing(broker.port);
  {
    await using _ = subscriber;
    await until(states, "subscribed");
    broker.closeAll();
    await until(states, "subscribed", 2);
  }
  assert.deepEqual(states.map(({ kind }) => kind), ["subscribed", "failed", "subscribed"]);
});

test("MqttSubscriber reads the topic alone of a message that is too long, and goes on", async () => {
  const length = 3 + (3 << 20);
  const header = [0x30, length & 0x7f | 0x80, length >> 7 & 0x7f | 0x80, length >> 14 & 0x7f | 0x80, length >> 21];
  const long = [...header, 0, 1, 0x61, ...new Uint8Array(3 << 20)];
  await using broker = new ScriptedBroker(
    answeringSubscribe((id) => [0x90, 4, ...id, 0, 0, ...long, 0x30, 4, 0, 1, 0x62, 0x79]),
  );
  const { subscriber, states, messages } = subscribing(broker.port);
  await using _ = subscriber;
  await waitFor(() => messages.length === 2, "both messages");
  assert.deepEqual(messages.map(({ topic, payload }) => [topic, payload?.length ?? null]), [["a", null], ["b", 1]]);
  await until(states, "subscribed");
  assert.equal(states.length, 1);
});
