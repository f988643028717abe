import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { run } from "../support/programs.ts";
import { startPublishing } from "../support/publishing.ts";
import { Subscriber } from "../support/subscriber.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { waitFor } from "../support/wait_for.ts";

const STATUS = "ble/status/scanner-01";
const WILL = { topic: STATUS, payload: "offline: vanished", retain: true } as const;

mosquittoTest("MqttPublisher connects with the right password, and says so where it is wrong", async () => {
  await using broker = await Mosquitto.prepare(
    "allow_anonymous false\npassword_file {folder}/passwords\nlistener {port} 127.0.0.1",
  );
  await broker.setPassword("scanner", "first secret");
  await broker.start();
  let password = "wrong secret";
  await using publishing = startPublishing(broker.port, {
    username: "scanner",
    password: () => Promise.resolve(password),
  });
  await waitFor(() => publishing.log.of("broker connection failed").length > 0, "a refusal");
  const [record] = publishing.log.of("broker connection failed");
  match(String(record?.fields.reason), /not authorised \(5\)/);
  match(String(record?.fields.remedy), /password_file/);
  password = "first secret";
  await publishing.ready();
  ok(!JSON.stringify(publishing.log.records).includes("secret"));
});

mosquittoTest("MqttPublisher says what to do where the broker wants a user and there is none", async () => {
  await using broker = await Mosquitto.start("allow_anonymous false\nlistener {port} 127.0.0.1");
  await using publishing = startPublishing(broker.port);
  await waitFor(() => publishing.log.of("broker connection failed").length > 0, "a refusal");
  match(String(publishing.log.of("broker connection failed")[0]?.fields.remedy), /mqtt\.broker\.username/);
});

mosquittoTest("MqttPublisher leaves a will, published when it vanishes and not when it ends", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, STATUS);
  {
    await using publishing = startPublishing(broker.port, { will: WILL });
    await publishing.ready();
    publishing.publisher.announce(STATUS, "offline: stopped", { retain: true });
  }
  await waitFor(async () => /scanner-01 disconnected\.|scanner-01 closed/.test(await broker.log()), "the end");
  {
    await using proxy = new TcpProxy(broker.port);
    await using publishing = startPublishing(proxy.port, { will: WILL });
    await publishing.ready();
    publishing.publisher.announce(STATUS, "online", { retain: true });
    await subscriber.until(2);
    proxy.closeAll();
    await subscriber.until(3);
  }
  deepEqual(subscriber.payloads(), ["offline: stopped", "online", "offline: vanished"]);
  await using late = await Subscriber.open(broker.port, STATUS);
  await late.until(1);
  deepEqual(late.messages, [{ topic: STATUS, payload: "offline: vanished", qos: 1, retain: true }]);
});

mosquittoTest("MqttPublisher carries a message that is larger than its buffers", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "#");
  const payload = "é".repeat(1_000_000);
  for (const qos of [0, 1] as const) {
    await using publishing = startPublishing(broker.port, { qos });
    await publishing.ready();
    equal(publishing.publish(payload), "accepted");
    await publishing.ready();
    equal(publishing.publish(payload), "accepted");
    await waitFor(() => publishing.settled.length === 2, "both to be settled");
  }
  await subscriber.until(4);
  ok(subscriber.payloads().every((received) => received === payload));
});

mosquittoTest("MqttPublisher is counted right by mosquitto_sub", async () => {
  const count = 5_000;
  await using broker = await Mosquitto.start("allow_anonymous true\nlistener {port} 127.0.0.1\nmax_queued_messages 0");
  const arguments_ = ["-h", "127.0.0.1", "-p", String(broker.port), "-q", "1", "-C", String(count), "-t", "ble/raw/#"];
  const printed = run("mosquitto_sub", ...arguments_, "-F", "%t %q %r %p");
  await waitFor(async () => /SUBSCRIBE|as auto-.*\(p2/.test(await broker.log()), "the subscriber");
  await using publishing = startPublishing(broker.port, { qos: 1 });
  for (let index = 0; index < count; index++) {
    while (publishing.publish(`message ${index}`) !== "accepted") await publishing.ready();
  }
  const lines = (await printed).trimEnd().split("\n");
  equal(lines.length, count);
  deepEqual(lines, Array.from(lines, (_, index) => `ble/raw/scanner-01/AA 1 0 message ${index}`));
});
