import { deepEqual, equal, match, ok } from "node:assert/strict";
import { MessageDropped } from "../../src/agent/mod.ts";
import { startPublishing } from "../support/publishing.ts";
import { ScriptedBroker, serving } from "../support/scripted_broker.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

/** Takes the first few messages of each second, and passes the others over. */
function upTo(perSecond: number): () => boolean {
  let [second, taken] = [0, 0];
  return () => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) [second, taken] = [now, 0];
    return taken++ < perSecond;
  };
}

test("MqttPublisher goes on at QoS 1 with a broker that discards above a rate, and says what holds it up", async () => {
  await using broker = new ScriptedBroker(serving(upTo(20)));
  const publishing = startPublishing(broker.port, { qos: 1, maxInFlight: 10, ackTimeoutMs: 300 });
  await publishing.ready();
  const of = (how: string) => publishing.settled.filter((e) => e instanceof MessageDropped && e.how === how).length;
  const published = () => publishing.settled.filter((error) => error === null).length;
  let accepted = 0;
  await waitFor(() => {
    if (publishing.publish("x") === "accepted") accepted++;
    return broker.accepted > 3 && published() > 60;
  }, "messages on the fourth connection");
  await publishing.publisher[Symbol.asyncDispose]();
  ok(of("unacknowledged") >= 3, `${of("unacknowledged")} unacknowledged`);
  equal(publishing.settled.length, accepted);
  const [lost] = publishing.log.of("broker connection lost");
  match(String(lost?.fields.reason), /did not acknowledge .* within 0\.3 s, but answered later ones/);
});

test("MqttPublisher keeps the connection to a broker that is late with all its answers", async () => {
  const late = Promise.withResolvers<void>();
  await using broker = new ScriptedBroker(async (connection) => {
    const answer = connection.write.bind(connection);
    let isFirst = true;
    Object.assign(connection, {
      write: async (bytes: Uint8Array) => {
        if (!isFirst) await late.promise;
        isFirst = false;
        return await answer(bytes);
      },
    });
    await serving(() => true)(connection);
  });
  await using publishing = startPublishing(broker.port, { qos: 1, maxInFlight: 10, ackTimeoutMs: 300 });
  await publishing.ready();
  for (let index = 0; index < 10; index++) equal(publishing.publish(String(index)), "accepted");
  equal(publishing.publish("no room"), "backpressure");
  await waitFor(() => publishing.settled.length === 10, "all to be given up");
  equal(publishing.publish("room again"), "accepted");
  late.resolve();
  await waitFor(() => publishing.settled.at(-1) === null, "the acknowledgement of the last one");
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  deepEqual([broker.accepted, publishing.settled.length], [1, 11]);
});

for (const qos of [0, 1] as const) {
  test(`MqttPublisher notices that the link has gone, though it has no room for more by then, at QoS ${qos}`, async () => {
    await using broker = new ScriptedBroker(serving(() => true));
    await using proxy = new TcpProxy(broker.port);
    await using publishing = startPublishing(proxy.port, { qos });
    await publishing.ready();
    const payload = "x".repeat(300);
    const sending = setInterval(() => publishing.publish(payload), 10);
    try {
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      proxy.block();
      proxy.refuse();
      await waitFor(() => publishing.log.of("broker connection lost").length > 0, "the loss", 10_000);
    } finally {
      clearInterval(sending);
    }
    match(String(publishing.log.of("broker connection lost")[0]?.fields.reason), /cannot be reached/);
  });
}
