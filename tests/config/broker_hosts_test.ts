import assert from "node:assert/strict";
import { renderProblem } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { load, problemsOf } from "./load_support.ts";

const entries: Readonly<Record<string, string | null>> = {
  "broker.example.org": "broker.example.org:1884",
  "broker:65535": "broker:65535",
  "192.0.2.7:1": "192.0.2.7:1",
  "fd00::1": "[fd00::1]:1884",
  "[fd00::1]": "[fd00::1]:1884",
  "[fd00::1]:8883": "[fd00::1]:8883",
  "broker:0": null,
  "broker:65536": null,
  "broker:": null,
  "mqtt://broker": null,
  "user@broker": null,
  "[broker]:1": null,
  "a b": null,
  "[fd00::1": null,
};

for (const [entry, expected] of Object.entries(entries)) {
  test(`loadConfig() ${expected === null ? "refuses" : "accepts"} ${entry} in mqtt.broker.hosts`, async () => {
    const yaml = `scanner: { id: s }\nmqtt: { broker: { hosts: [a, "${entry}"], port: 1884 } }`;
    if (expected === null) {
      assert.match(
        (await problemsOf({ yaml })).join(),
        /^c\.yaml:2:30: mqtt\.broker\.hosts: item 2: expected a host name/,
      );
    } else {
      assert.deepEqual((await load({ yaml })).config.mqtt.broker.hosts, ["a:1884", expected]);
    }
  });
}

test("loadConfig() takes the broker's place from the last source that names one", async () => {
  const cases = [
    ["host: a", { BT_SCANNER_MQTT_BROKER_HOSTS: "b,c" }, "localhost", ["b:1883", "c:1883"]],
    ["hosts: [b, c]", { BT_SCANNER_MQTT_BROKER_HOST: "a" }, "a", []],
    ["hosts: [b, c]", { BT_SCANNER_MQTT_BROKER_HOST: "localhost" }, "localhost", []],
    ["{ host: localhost, hosts: [b, c] }", {}, "localhost", ["b:1883", "c:1883"]],
    ["{ host: a, hosts: [] }", {}, "a", []],
    ["hosts: b", {}, null, []],
  ] as const;
  for (const [broker, env, host, hosts] of cases) {
    const yaml = `scanner: { id: s }\nmqtt: { broker: ${broker.startsWith("{") ? broker : `{ ${broker} }`} }`;
    if (host === null) {
      assert.match((await problemsOf({ yaml, env })).join(), /hosts: expected a list/);
      continue;
    }
    const { config } = await load({ yaml, env });
    assert.deepEqual([config.mqtt.broker.host, config.mqtt.broker.hosts], [host, hosts], broker);
  }
});

test("loadConfig() warns of each broker in the list as it does of one", async () => {
  const warned = async (broker: string) =>
    (await load({ yaml: `scanner: { id: s }\nmqtt: { broker: { ${broker} } }` })).warnings.map(renderProblem).join();
  assert.match(await warned("hosts: [a, 'b:8883']"), /hosts: port 8883 is usually with TLS/);
  assert.match(
    await warned("hosts: ['a:1883'], port: 8883, tls: { enabled: true }"),
    /hosts: port 1883 is usually without/,
  );
  assert.match(await warned("hosts: [localhost, b], username: u"), /the password is sent to b unencrypted/);
  assert.equal(await warned("hosts: [a, b]"), "");
});
