import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { load, problemsOf } from "./load_support.ts";

test("every flag of the command line sets its key", async () => {
  const { config, origins } = await load({
    flags: {
      scannerId: "7",
      broker: "mqtts://broker.example",
      qos: "1",
      adapter: "0",
      replay: "a.btsnoop",
      replaySpeed: "2.5",
      replayLoop: true,
      simulateDevices: "10",
      simulateRate: "1000",
      passive: true,
      logLevel: "trace",
      logFormat: "json",
    },
  });
  assert.equal(config.scanner.id, "7");
  assert.deepEqual(
    [config.mqtt.broker.host, config.mqtt.broker.port, config.mqtt.broker.tls.enabled],
    ["broker.example", 8883, true],
  );
  assert.equal(config.mqtt.client.qos, 1);
  assert.equal(config.scanner.adapter, "hci0");
  assert.equal(config.scanner.source, "replay");
  assert.deepEqual(config.replay, { file: "a.btsnoop", speed: 2.5, loop: true });
  assert.partialDeepStrictEqual(config.simulate, { devices: 10, rate: 1000 });
  assert.equal(config.scanner.mode, "passive");
  assert.deepEqual(config.log, { level: "trace", format: "json" });
  assert.equal(origins.get("mqtt.broker.tls.enabled"), "--broker");
  assert.equal(origins.get("scanner.source"), "--replay");
});

test("the flags of the filter set the keys of their names", async () => {
  const { config, origins } = await load({
    flags: {
      scannerId: "a",
      minRssi: "-70",
      allow: "aa:bb,11",
      deny: "aa:bb:cc",
      addressTypes: "public,static",
      connectable: "true",
      companies: "76,0x0499",
      services: "180F",
      names: "Ruuvi*,Lock ?",
      onChangeS: "60",
      maxRatePerDevice: "0.1",
    },
  });
  assert.deepEqual(config.filter, {
    min_rssi: -70,
    allow: ["AA:BB", "11"],
    deny: ["AA:BB:CC"],
    address_types: ["public", "static"],
    connectable: true,
    companies: ["76", "0x0499"],
    services: ["0000180f-0000-1000-8000-00805f9b34fb"],
    names: ["Ruuvi*", "Lock ?"],
    on_change_s: 60,
    max_rate_per_device: 0.1,
  });
  const flagOf = (key: string) => `--${key.replaceAll("_", "-")}`;
  for (const key of Object.keys(config.filter)) assert.equal(origins.get(`filter.${key}`), flagOf(key));
});

test("flags that are not given set nothing", async () => {
  const { origins } = await load({
    flags: { scannerId: "a", broker: undefined, passive: undefined, replayLoop: false },
  });
  assert.deepEqual([...origins.keys()], ["scanner.id"]);
});

test("--source is stronger than the source that --replay implies", async () => {
  const { config } = await load({ flags: { scannerId: "a", replay: "f", source: "simulate" } });
  assert.equal(config.scanner.source, "simulate");
});

test("--replay-speed max is as fast as possible", async () => {
  const { config } = await load({ flags: { scannerId: "a", replay: "f", replaySpeed: "max" } });
  assert.equal(config.replay.speed, "max");
});

const brokers: Readonly<Record<string, readonly [host: string, port: number, tls: boolean]>> = {
  "mqtt://localhost": ["localhost", 1883, false],
  "mqtt://localhost/": ["localhost", 1883, false],
  "mqtt://10.0.0.1:1884": ["10.0.0.1", 1884, false],
  "mqtts://b.example": ["b.example", 8883, true],
  "MQTTS://b:1": ["b", 1, true],
  "mqtt://[::1]": ["::1", 1883, false],
  "mqtt://[fd00::1]:1884": ["fd00::1", 1884, false],
};

for (const [broker, [host, port, tls]] of Object.entries(brokers)) {
  test(`--broker ${broker} sets host, port and encryption, whatever the file says`, async () => {
    const yaml = "mqtt: { broker: { host: x, port: 2, tls: { enabled: true } } }";
    const { config } = await load({ yaml, flags: { scannerId: "a", broker } });
    assert.equal(config.mqtt.broker.host, host);
    assert.equal(config.mqtt.broker.port, port);
    assert.equal(config.mqtt.broker.tls.enabled, tls);
  });
}

test("--broker takes several brokers, of which all or none are encrypted, in place of what the file says", async () => {
  const files = ["mqtt: { broker: { host: x, port: 2 } }", "mqtt: { broker: { hosts: [x, y], port: 2 } }"];
  for (const yaml of files) {
    const { config: { mqtt: { broker } } } = await load({
      yaml,
      flags: { scannerId: "a", broker: "mqtts://a,b:8884,[fd00::1],[fd00::2]:1" },
    });
    assert.deepEqual(broker.hosts, ["a:8883", "b:8884", "[fd00::1]:8883", "[fd00::2]:1"]);
    assert.deepEqual([broker.host, broker.tls.enabled], ["localhost", true]);
  }
});

const refused: Readonly<Record<string, RegExp>> = {
  localhost: /^--broker: expected mqtt:\/\/host\[:port\]/,
  "tcp://localhost": /^--broker: expected mqtt:/,
  "mqtt://": /^--broker: expected mqtt:/,
  "mqtt://::1": /^--broker: expected mqtt:/,
  "mqtt://host/topic": /^--broker: expected mqtt:/,
  "mqtt://host?x=1": /^--broker: mqtt\.broker\.host: /,
  "mqtt://host:0": /^--broker: mqtt\.broker\.port: expected a whole number from 1 to 65535, got 0/,
  "mqtt://host:99999": /^--broker: mqtt\.broker\.port: expected a whole number/,
  "mqtt://a b": /^--broker: mqtt\.broker\.host: expected a host name/,
  "mqtt://a,": /^--broker: expected mqtt:.* several brokers are separated by commas/,
  "mqtt://a,b:0": /^--broker: mqtt\.broker\.hosts: item 2: expected a host name/,
  "mqtt://user:secret@host": /^--broker: credentials .*; use mqtt\.broker\.username/,
};

for (const [broker, problem] of Object.entries(refused)) {
  test(`--broker ${broker} is refused`, async () => {
    const problems = await problemsOf({ flags: { scannerId: "a", broker } });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", problem);
  });
}
