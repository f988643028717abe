/** The recipes of docs/clouds.md, against a broker that imitates what the services are documented to do. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { messageTopics } from "../../src/advertisement/mod.ts";
import { agentOptions, mqttOptions } from "../../src/app/mod.ts";
import type { Config } from "../../src/config/mod.ts";
import type { MqttOptions } from "../../src/mqtt/mod.ts";
import type { Clock } from "../../src/time/mod.ts";
import { load } from "../config/load_support.ts";
import { Certificates } from "../support/certificates.ts";
import { CloudBroker, type CloudRules } from "../support/cloud_broker.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { testWith } from "../support/programs.ts";
import { type Publishing, startPublishing } from "../support/publishing.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const PAGE = await readFile(new URL("../../docs/clouds.md", import.meta.url), "utf8");

/** The configuration below a heading. */
function recipe(heading: string): string {
  const section = PAGE.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  return /```yaml\n(.*?)```/s.exec(section)?.[1] ?? "";
}

const OWN = /^ble\/(raw\/scanner-01\/[0-9A-F:]{17}|(status|stats)\/scanner-01)$/;
const AWS: CloudRules = { alpn: "x-amzn-mqtt-ca", mostPerSecond: 100, topics: OWN };

const services: Readonly<Record<string, CloudRules>> = {
  "AWS IoT Core": AWS,
  "Azure Event Grid": { alpn: null, mostPerSecond: 1_000, topics: OWN },
  "HiveMQ Cloud": { alpn: null, mostPerSecond: Infinity, topics: OWN },
  "EMQX Cloud, Serverless": { alpn: null, mostPerSecond: 10, topics: OWN },
};

/** As a recipe says, but for where the broker is, and whose certificates are trusted. */
function startAs(
  config: Config,
  port: number,
  certificates: Certificates,
  clock: Clock,
  changes: Partial<MqttOptions> = {},
): Publishing {
  const host = { env: {}, readFile: () => Promise.resolve(new TextEncoder().encode("secret\n")) };
  const { tls, ...options } = mqttOptions(config, host, null);
  ok(tls !== null, "all of them ask for TLS");
  const { certFile, keyFile } = tls.certFile === null ? tls : {
    certFile: certificates.certificate("client"),
    keyFile: certificates.key("client"),
  };
  const here = { ...tls, caFile: certificates.certificate("ca"), certFile, keyFile };
  return startPublishing(port, { ...options, host: "localhost", port, tls: here, ...changes }, { clock });
}

for (const [service, rules] of Object.entries(services)) {
  testWith(["openssl"], `the recipe for ${service} loses nothing at the broker, whatever the air gives`, async () => {
    const { config, warnings } = await load({ yaml: recipe(service) });
    deepEqual(warnings, []);
    await using certificates = await Certificates.make();
    const clock = new FakeClock();
    await using broker = await CloudBroker.start(rules, certificates, clock);
    await using publishing = startAs(config, broker.port, certificates, clock);
    await publishing.ready();
    const { topic, scannerId } = agentOptions(config);
    const topicOf = messageTopics(topic, scannerId);
    const outcomes: Record<string, number> = {};
    for (let turn = 0; turn < 3; turn++) {
      for (let index = 0; index < 100; index++) {
        const outcome = publishing.publish(String(index), topicOf("AA:BB:CC:DD:EE:FF"));
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
      await clock.advance(50);
    }
    await waitFor(() => broker.taken.length === outcomes.accepted, "all to be taken");
    publishing.publisher.announce("ble/status/scanner-01", "{}", { retain: true });
    await waitFor(() => publishing.settled.length === outcomes.accepted, "all to be settled");
    ok(publishing.settled.every((error) => error === null));
    await waitFor(async () => {
      await clock.advance(100);
      return broker.taken.length > (outcomes.accepted ?? 0);
    }, "the status");
    deepEqual([broker.passedOver, broker.refused], [0, 0]);
    equal((outcomes.rate_limited ?? 0) > 0, rules.mostPerSecond <= 100, JSON.stringify(outcomes));
  });
}

testWith(
  ["openssl"],
  "what the recipe for AWS IoT Core is for: without it messages, or the connection, are lost",
  async () => {
    const { config } = await load({ yaml: recipe("AWS IoT Core") });
    await using certificates = await Certificates.make();
    const clock = new FakeClock();
    await using broker = await CloudBroker.start(AWS, certificates, clock);
    {
      const changes = { maxRate: null, maxInFlight: 1_000 };
      await using unlimited = startAs(config, broker.port, certificates, clock, changes);
      await unlimited.ready();
      for (let index = 0; index < 150; index++) unlimited.publish("x", "ble/raw/scanner-01/AA:BB:CC:DD:EE:FF");
      await waitFor(() => unlimited.settled.length === 100, "those that are taken to be settled");
      await waitFor(async () => {
        await clock.advance(1_000);
        return unlimited.settled.length === 150;
      }, "the others to be settled");
      equal(unlimited.settled.filter((error) => error !== null).length, 50);
      deepEqual([broker.taken.length, broker.passedOver], [100, 50]);
    }
    {
      await using another = startAs(config, broker.port, certificates, clock);
      await another.ready();
      another.publish("x", "ble/raw/scanner-02/AA:BB:CC:DD:EE:FF");
      await waitFor(() => another.log.of("broker connection lost").length > 0, "the loss");
      match(
        String(another.log.of("broker connection lost")[0]?.fields.remedy),
        /may forbid a topic .*ble\/raw\/scanner-01\/#/,
      );
    }
  },
);

test("the recipe for AWS IoT Core is the one that its ALPN needs", async () => {
  const { config } = await load({ yaml: recipe("AWS IoT Core") });
  equal(config.mqtt.broker.tls.alpn, "x-amzn-mqtt-ca");
  equal(config.mqtt.broker.port, 443);
});
