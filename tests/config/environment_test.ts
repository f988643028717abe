import assert from "node:assert/strict";
import fc from "fast-check";
import { type Config, defaultConfig, listConfigKeys } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { load, problemsOf } from "./load_support.ts";

const flags = { scannerId: "s1" };

test("listConfigKeys() gives every key a variable of its own", () => {
  const names = listConfigKeys().map(({ environment }) => environment);
  assert.equal(new Set(names).size, names.length);
  for (const name of ["BT_SCANNER_SCANNER_ID", "BT_SCANNER_MQTT_BROKER_HOST", "BT_SCANNER_MQTT_BROKER_TLS_CA_FILE"]) {
    assert.ok(names.includes(name), name);
  }
});

/** Another valid value for each key, as its variable would have it. */
const OTHER_VALUES: Readonly<Record<string, readonly [text: string, value: unknown]>> = {
  "scanner.id": ["42", "42"],
  "scanner.labels": ["room=attic, floor = 2,a=b=c", { room: "attic", floor: "2", a: "b=c" }],
  "scanner.source": ["simulate", "simulate"],
  "scanner.adapter": ["hci1", "hci1"],
  "scanner.mode": ["passive", "passive"],
  "scanner.auto_active_share": ["0.1", 0.1],
  "scanner.interval_ms": ["62.5", 62.5],
  "scanner.window_ms": ["100", 100],
  "scanner.extended": ["false", false],
  "scanner.stall_timeout_s": ["1e1", 10],
  "replay.file": ["1.btsnoop", "1.btsnoop"],
  "replay.speed": ["max", "max"],
  "replay.loop": ["true", true],
  "simulate.devices": ["1", 1],
  "simulate.rate": ["0.5", 0.5],
  "simulate.seed": ["0", 0],
  "simulate.rotate_s": ["0.5", 0.5],
  "simulate.malformed": ["0.1", 0.1],
  "simulate.burst": ["500", 500],
  "filter.min_rssi": ["-80", -80],
  "filter.allow": ["AA:BB, 01", ["AA:BB", "01"]],
  "filter.deny": ["AA:BB:CC:DD:EE:FF", ["AA:BB:CC:DD:EE:FF"]],
  "filter.address_types": ["public, static", ["public", "static"]],
  "filter.connectable": ["true", true],
  "filter.companies": ["76,0x0499", ["76", "0x0499"]],
  "filter.services": [
    "180F,0x12345678",
    ["0000180f-0000-1000-8000-00805f9b34fb", "12345678-0000-1000-8000-00805f9b34fb"],
  ],
  "filter.names": ["Ruuvi *, Lock ?", ["Ruuvi *", "Lock ?"]],
  "filter.on_change_s": ["0.5", 0.5],
  "filter.max_rate_per_device": ["2.5", 2.5],
  "publisher.topic_prefix": ["1", "1"],
  "publisher.topic": ["x/{mac_hex}", "x/{mac_hex}"],
  "publisher.fields": ["full", "full"],
  "publisher.merge_scan_response": ["False", false],
  "mqtt.broker.host": ["10.0.0.1", "10.0.0.1"],
  "mqtt.broker.hosts": ["a, b:1884,[fd00::1]:1", ["a:1883", "b:1884", "[fd00::1]:1"]],
  "mqtt.broker.port": ["8883", 8883],
  "mqtt.broker.username": ["true", "true"],
  "mqtt.broker.password": ["null", "null"],
  "mqtt.broker.password_file": ["/run/secret", "/run/secret"],
  "mqtt.broker.tls.enabled": ["TRUE", true],
  "mqtt.broker.tls.ca_file": ["ca.pem", "ca.pem"],
  "mqtt.broker.tls.cert_file": ["c.pem", "c.pem"],
  "mqtt.broker.tls.key_file": ["k.pem", "k.pem"],
  "mqtt.broker.tls.alpn": ["mqtt", "mqtt"],
  "mqtt.broker.tls.server_name": ["b.example", "b.example"],
  "mqtt.broker.tls.insecure_skip_verify": ["true", true],
  "mqtt.client.client_id": ["7", "7"],
  "mqtt.client.keep_alive": ["0", 0],
  "mqtt.client.clean_session": ["false", false],
  "mqtt.client.qos": ["1", 1],
  "mqtt.client.max_in_flight": ["65535", 65535],
  "mqtt.client.ack_timeout_s": ["2.5", 2.5],
  "mqtt.client.max_rate": ["100", 100],
  "mqtt.client.max_age_s": ["0.5", 0.5],
  "mqtt.reconnect.initial_delay": ["0.5", 0.5],
  "mqtt.reconnect.max_delay": ["10", 10],
  "mqtt.reconnect.exponential_backoff": ["false", false],
  "mqtt.reconnect.return_to_first": ["false", false],
  "status.enabled": ["false", false],
  "status.topic_prefix": ["a/b", "a/b"],
  "stats.interval_s": ["1.5", 1.5],
  "stats.publish": ["false", false],
  "stats.topic_prefix": ["a/c", "a/c"],
  "home_assistant.enabled": ["true", true],
  "home_assistant.discovery_prefix": ["ha", "ha"],
  "http.listen": ["127.0.0.1:9464", "127.0.0.1:9464"],
  "http.allowed_hosts": ["pi7.local, pi7", ["pi7.local", "pi7"]],
  "metrics.textfile": ["/var/lib/m.prom", "/var/lib/m.prom"],
  "metrics.interval_s": ["60", 60],
  "log.level": ["trace", "trace"],
  "log.format": ["json", "json"],
};

/** What some keys need beside them. */
const COMPANIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "mqtt.broker.password": { BT_SCANNER_MQTT_BROKER_USERNAME: "u" },
  "mqtt.broker.password_file": { BT_SCANNER_MQTT_BROKER_USERNAME: "u" },
  "mqtt.broker.tls.cert_file": { BT_SCANNER_MQTT_BROKER_TLS_KEY_FILE: "k" },
  "mqtt.broker.tls.key_file": { BT_SCANNER_MQTT_BROKER_TLS_CERT_FILE: "c" },
};

for (const { path, environment, fallback } of listConfigKeys()) {
  test(`${environment} sets ${path}`, async () => {
    const [text, value] = OTHER_VALUES[path] ?? assert.fail(`no other value for ${path}`);
    assert.notDeepEqual(value, fallback);
    const env = { ...COMPANIONS[path], [environment]: text };
    const { config, origins } = await load({ flags: path === "scanner.id" ? {} : flags, env });
    assert.deepEqual(at(config, path), value);
    assert.equal(origins.get(path), environment);
  });
}

test("an empty variable is null where its key can be null, and refused elsewhere", async () => {
  const base = defaultConfig("s1");
  for (const { path, environment, fallback } of listConfigKeys()) {
    const problems = await problemsOf({ flags: path === "scanner.id" ? {} : flags, env: { [environment]: "" } });
    if (fallback === null || typeof fallback === "object") assert.deepEqual(problems, [], path);
    else assert.match(problems.join("\n"), new RegExp(`^${environment}: .*got ""`), path);
    if (fallback === null) assert.deepEqual((await load({ flags, env: { [environment]: "" } })).config, base);
  }
});

test("text in a variable stays the text it is, whatever it looks like", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((each) => !each.includes("\0"));
  await fc.assert(fc.asyncProperty(text, async (username) => {
    const { config } = await load({ flags, env: { BT_SCANNER_MQTT_BROKER_USERNAME: username } });
    assert.equal(config.mqtt.broker.username, username);
  }));
});

test("a number in a variable is the number it says", async () => {
  await fc.assert(fc.asyncProperty(fc.double({ min: 1, max: 86_400, noNaN: true }), async (intervalS) => {
    const { config } = await load({ flags, env: { BT_SCANNER_STATS_INTERVAL_S: String(intervalS) } });
    assert.equal(config.stats.interval_s, intervalS);
  }));
});

for (const text of ["0x10", "1_000", " 5", "5 s", "١", "Infinity", "NaN"]) {
  test(`${JSON.stringify(text)} in a variable is no number`, async () => {
    assert.equal((await problemsOf({ flags, env: { BT_SCANNER_SIMULATE_DEVICES: text } })).length, 1);
  });
}

const unknown: Readonly<Record<string, RegExp>> = {
  BT_SCANNER_MQTT_BROKER_HOTS: /did you mean BT_SCANNER_MQTT_BROKER_HOST\?/,
  BT_SCANNER_ID: /did you mean BT_SCANNER_SCANNER_ID\?/,
  BT_SCANNER_CONFIGS: /did you mean BT_SCANNER_CONFIG\?/,
  BT_SCANNER_COFFEE: /; remove it$/,
  BT_SCANNER_: /; remove it$/,
};

for (const [name, problem] of Object.entries(unknown)) {
  test(`loadConfig() refuses the unknown variable ${name}`, async () => {
    assert.match((await problemsOf({ flags, env: { [name]: "x" } })).join("\n"), problem);
  });
}

function at(config: Config, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], config);
}
