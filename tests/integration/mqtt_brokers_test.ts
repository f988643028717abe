import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { MqttOptions, MqttParts } from "../../src/mqtt/mod.ts";
import { Certificates } from "../support/certificates.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freePort } from "../support/free_port.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { type Publishing, startPublishing } from "../support/publishing.ts";
import { Subscriber } from "../support/subscriber.ts";
import { waitFor } from "../support/wait_for.ts";

const HOST = "127.0.0.1";

/** Publishes to the first of these, as long as that works. */
function start(
  [first, ...others]: readonly { readonly port: number }[],
  changes: Partial<MqttOptions> = {},
  parts: Partial<MqttParts> = {},
): Publishing {
  const alternatives = others.map(({ port }) => ({ host: HOST, port }));
  return startPublishing(first?.port ?? 0, { alternatives, ...changes }, parts);
}

/** The port of the broker that there is a connection to; null: none. */
function at({ state }: Publishing): number | null {
  return state.kind === "online" ? Number(state.broker.replace(`${HOST}:`, "")) : null;
}

/** Publishes numbered messages, some at a time, as long as `isOver` says no; resolves to how many were taken. */
async function publishUntil(publishing: Publishing, isOver: () => boolean | Promise<boolean>): Promise<number> {
  let accepted = 0;
  for (let index = 0; !await isOver(); index++) {
    if (publishing.publish(String(index)) === "accepted") accepted++;
    if (index % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return accepted;
}

/** Whether it has left for the first broker: from then on it waits for nothing but brokers, and no time should pass. */
function isReturning({ log }: Publishing): boolean {
  return log.of("returning to the first broker").length > 0;
}

for (const qos of [0, 1] as const) {
  mosquittoTest(
    `MqttPublisher goes on at the next broker where the first is killed in mid-stream, at QoS ${qos}`,
    async () => {
      await using one = await Mosquitto.start();
      await using other = await Mosquitto.start();
      await using subscriber = await Subscriber.open(other.port, "#");
      await using publishing = start([one, other], { qos });
      await publishing.ready();
      equal(at(publishing), one.port);
      let killed: Promise<void> | null = null;
      const accepted = await publishUntil(publishing, () => {
        if (killed === null && publishing.settled.length > 500) killed = one.stop("SIGKILL");
        return at(publishing) === other.port && subscriber.messages.length > 500;
      });
      await killed;
      await waitFor(() => publishing.settled.length === accepted, "all to be settled");
      const [lost] = publishing.log.of("broker connection lost");
      deepEqual([lost?.fields.port, lost?.fields.next_broker], [one.port, `${HOST}:${other.port}`]);
      const [, again] = publishing.log.of("broker connected");
      equal(again?.fields.port, other.port);
      const published = publishing.settled.filter((error) => error === null).length;
      ok(subscriber.messages.length < published, "some went to the first");
      equal(publishing.log.of("broker connection failed").length, 0);
    },
  );
}

mosquittoTest(
  "MqttPublisher returns to the first broker once that is back, and everything it had taken is settled",
  async () => {
    await using one = await Mosquitto.prepare();
    await using other = await Mosquitto.start();
    await using subscriber = await Subscriber.open(other.port, "#");
    const clock = new FakeClock();
    const will = { topic: "will", payload: "gone", retain: true } as const;
    // Time passes faster than for the brokers: none of it is for their answers.
    const ample = { keepAliveS: 0, maxAgeMs: 3_600_000, ackTimeoutMs: 3_600_000 };
    await using publishing = start([one, other], { qos: 1, will, ...ample }, { clock });
    await publishing.ready();
    equal(at(publishing), other.port);
    await one.start();
    await using back = await Subscriber.open(one.port, "#");
    const accepted = await publishUntil(publishing, async () => {
      if (!isReturning(publishing)) await clock.advance(100);
      return back.messages.length > 0;
    });
    equal(at(publishing), one.port);
    await waitFor(() => publishing.settled.length === accepted, "all to be settled");
    ok(publishing.settled.every((error) => error === null), "nothing was under way when it left");
    await waitFor(() => subscriber.messages.length + back.messages.length === accepted, "all to arrive");
    deepEqual(subscriber.payloads("will"), []);
    equal(publishing.log.of("returning to the first broker").length, 1);
    deepEqual(publishing.left, [`returned to ${HOST}:${one.port}`]);
  },
);

mosquittoTest(
  "MqttPublisher leaves a frozen broker after the keepalive time, and returns when it thaws, not before",
  async () => {
    await using one = await Mosquitto.start();
    await using other = await Mosquitto.start();
    const clock = new FakeClock();
    await using publishing = start([one, other], { qos: 1, keepAliveS: 5 }, { clock });
    await publishing.ready();
    one.signal("SIGSTOP");
    await waitFor(() => {
      publishing.publish("x");
      return publishing.log.of("broker connection lost").length > 0;
    }, "the loss");
    await clock.advance(100);
    await waitFor(() => at(publishing) === other.port, "the other broker");
    match(
      String(publishing.log.of("broker connection lost")[0]?.fields.reason),
      /nothing heard from the broker for 7.5 s/,
    );
    for (let second = 0; second < 100; second++) {
      const before = publishing.settled.length;
      publishing.publish("x");
      await waitFor(() => publishing.settled.length > before, "the other broker's answer"); // it is given its time
      await clock.advance(1_000);
      equal(at(publishing), other.port, "the first one listens, but does not answer");
    }
    equal(isReturning(publishing), false);
    one.signal("SIGCONT");
    await waitFor(async () => {
      if (!isReturning(publishing)) await clock.advance(500);
      return at(publishing) === one.port;
    }, "the first broker");
  },
);

mosquittoTest(
  "MqttPublisher turns to the next broker where the first refuses, and says why it does not return",
  async () => {
    await using one = await Mosquitto.start("allow_anonymous false\nlistener {port} 127.0.0.1");
    await using other = await Mosquitto.start();
    const clock = new FakeClock();
    await using publishing = start([one, other], { keepAliveS: 0 }, { clock });
    await publishing.ready();
    equal(at(publishing), other.port);
    match(String(publishing.log.of("broker connection failed")[0]?.fields.reason), /not authorised/);
    await waitFor(async () => {
      await clock.advance(1_000);
      return publishing.log.of("cannot return to the first broker").length > 0;
    }, "the reason");
    equal(at(publishing), other.port);
  },
);

mosquittoTest("MqttPublisher asks for the name of the broker that it connects to, in its certificate", async () => {
  await using certificates = await Certificates.make();
  const listener = (certificate: string) =>
    [
      "allow_anonymous true",
      "listener {port} 127.0.0.1",
      `certfile ${certificates.certificate(certificate)}`,
      `keyfile ${certificates.key(certificate)}`,
    ].join("\n");
  await using one = await Mosquitto.start(listener("elsewhere"));
  await using other = await Mosquitto.start(listener("address"));
  const tls = {
    ...{ caFile: certificates.certificate("ca"), certFile: null, keyFile: null, serverName: null, alpn: null },
    insecureSkipVerify: false,
  };
  await using publishing = start([one, other], { host: "localhost", tls });
  await publishing.ready();
  equal(at(publishing), other.port);
  match(
    String(publishing.log.of("broker connection failed")[0]?.fields.reason),
    /another name: it is valid for broker.example/,
  );
});

mosquittoTest("MqttPublisher finds whichever of its brokers comes up first", async () => {
  await using one = await Mosquitto.prepare();
  await using other = await Mosquitto.prepare();
  await using publishing = start([one, other, { port: freePort() }]);
  await waitFor(() => publishing.log.of("broker connection failed").length >= 6, "two failures each");
  await other.start();
  await publishing.ready();
  equal(at(publishing), other.port);
});
