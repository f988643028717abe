import { deepEqual, equal, match, ok } from "node:assert/strict";
import { FakeClock } from "../support/fake_clock.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { type Publishing, startPublishing } from "../support/publishing.ts";
import { Subscriber } from "../support/subscriber.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { waitFor } from "../support/wait_for.ts";

const lost = ({ log }: Publishing) => log.of("broker connection lost");
const connected = ({ log }: Publishing) => log.of("broker connected");

/** Publishes numbered messages for as long as `condition` holds; resolves to what became of each. */
async function publishWhile(publishing: Publishing, condition: () => boolean): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = { accepted: 0, offline: 0, backpressure: 0 };
  for (let index = 0; condition(); index++) {
    const outcome = publishing.publish(String(index));
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (index % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return outcomes;
}

mosquittoTest("MqttPublisher finds a broker that was absent at the start", async () => {
  await using broker = await Mosquitto.prepare();
  await using publishing = startPublishing(broker.port);
  await waitFor(() => publishing.log.of("broker connection failed").length > 1, "two failures");
  match(String(publishing.log.of("broker connection failed")[0]?.fields.reason), /nothing is listening/);
  await broker.start();
  await publishing.ready();
  equal(publishing.publish("x"), "accepted");
});

for (const qos of [0, 1] as const) {
  for (const [how, signal] of [["restarts", "SIGTERM"], ["is killed", "SIGKILL"]] as const) {
    mosquittoTest(
      `MqttPublisher accounts for every message when the broker ${how} in mid-stream, at QoS ${qos}`,
      async () => {
        await using broker = await Mosquitto.start();
        await using publishing = startPublishing(
          broker.port,
          { qos },
          {},
          (publisher) => publisher.announce("status", "online", { retain: true }),
        );
        await publishing.ready();
        let stopped = false;
        const stopping = (async () => {
          await waitFor(() => publishing.settled.length > 500, "messages to be under way");
          await broker.stop(signal);
          await waitFor(() => lost(publishing).length > 0, "the loss");
          stopped = true;
        })();
        const outcomes = await publishWhile(publishing, () => !stopped);
        await stopping;
        equal(publishing.settled.length, outcomes.accepted);
        match(String(lost(publishing)[0]?.fields.reason), /closed|reset/);
        await broker.start();
        await publishing.ready();
        await using subscriber = await Subscriber.open(broker.port, "#");
        publishing.publish("after");
        await subscriber.until(2);
        deepEqual(subscriber.payloads("status"), ["online"]);
        equal(connected(publishing).length, 2);
      },
    );
  }

  mosquittoTest(
    `MqttPublisher drops and counts, never waits or grows, while the broker is frozen, at QoS ${qos}`,
    async () => {
      await using broker = await Mosquitto.start(
        "allow_anonymous true\nlistener {port} 127.0.0.1\nmax_queued_messages 0",
      );
      await using subscriber = await Subscriber.open(broker.port, "#");
      await using publishing = startPublishing(broker.port, { qos, maxInFlight: 1_000 });
      await publishing.ready();
      broker.signal("SIGSTOP");
      const payload = "x".repeat(2_000);
      let [accepted, dropped] = [0, 0];
      // Far more than the kernel's buffers and ours hold.
      for (let index = 0; index < 20_000; index++) {
        if (publishing.publish(payload) === "accepted") accepted++;
        else dropped++;
        if (index % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      ok(dropped > 0, "backpressure");
      ok(accepted - publishing.settled.length <= 1_000, "what is under way is bounded");
      equal(publishing.state.kind, "online");
      broker.signal("SIGCONT");
      await publishing.ready();
      await waitFor(() => publishing.settled.length === accepted, "all to be settled");
      ok(publishing.settled.every((error) => error === null));
      await subscriber.until(accepted);
      equal(subscriber.messages.length, accepted);
    },
  );
}

mosquittoTest(
  "MqttPublisher takes a link that carries nothing any more for lost after the keepalive time",
  async () => {
    await using broker = await Mosquitto.start();
    await using proxy = new TcpProxy(broker.port);
    await using publishing = startPublishing(proxy.port, { keepAliveS: 1, qos: 1, connectTimeoutMs: 300 });
    await publishing.ready();
    proxy.block();
    equal(publishing.publish("into the void"), "accepted");
    await waitFor(() => lost(publishing).length > 0, "the loss");
    match(String(lost(publishing)[0]?.fields.reason), /nothing heard from the broker for 1.5 s/);
    equal(publishing.settled.length, 1);
    ok(publishing.settled[0] instanceof Error);
    await waitFor(() => publishing.log.of("broker connection failed").length > 0, "an attempt that fails");
    match(
      String(publishing.log.of("broker connection failed")[0]?.fields.reason),
      /did not answer within [3-9]\d\d+ ms/,
    );
    proxy.unblock();
    await publishing.ready();
  },
);

mosquittoTest(
  "MqttPublisher takes a broker that neither answers nor can be reached for lost long before the keepalive time",
  async () => {
    await using broker = await Mosquitto.start();
    await using proxy = new TcpProxy(broker.port);
    const clock = new FakeClock();
    await using publishing = startPublishing(proxy.port, {}, { clock });
    await publishing.ready();
    proxy.block();
    proxy.refuse();
    publishing.publish("into the void");
    await waitFor(async () => {
      await clock.advance(3_000);
      return lost(publishing).length > 0;
    }, "the loss");
    match(String(lost(publishing)[0]?.fields.reason), /nothing heard from the broker, and it cannot be reached/);
  },
);

mosquittoTest("MqttPublisher keeps a quiet connection alive", async () => {
  await using broker = await Mosquitto.start();
  await using publishing = startPublishing(broker.port, { keepAliveS: 1 });
  await publishing.ready();
  await new Promise((resolve) => setTimeout(resolve, 2_500)); // Mosquitto drops a silent client after 1.5 s
  equal(publishing.state.kind, "online");
  deepEqual(lost(publishing), []);
});

mosquittoTest("MqttPublisher backs off where another client has the same identifier", async () => {
  await using broker = await Mosquitto.start();
  const reconnect = { initialDelayMs: 50, maxDelayMs: 60_000, exponential: true };
  await using one = startPublishing(broker.port, { reconnect });
  await one.ready();
  await using other = startPublishing(broker.port, { reconnect });
  await waitFor(() => lost(one).length >= 4, "a few turns", 30_000);
  const waits = lost(one).map(({ fields }) => Number(fields.retry_in_ms));
  ok(waits.every((waitMs, turn) => waitMs >= 25 * 2 ** turn - 1), `waits of ${waits} ms`);
  ok(lost(other).length >= 2);
});
