import assert from "node:assert/strict";
import { describeReload, servicePid } from "../../src/cli/running.ts";
import { renderRecord, type RunningRecord } from "../../src/cli/running_record.ts";
import { type Config, defaultConfig } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";

const BEFORE = defaultConfig("s1");
const AT = { args: ["run"], file: "/etc/bt-scanner/config.yaml", env: {} };

function withPassword(password: string | null, changes: Partial<Config> = {}): Config {
  const broker = { ...BEFORE.mqtt.broker, username: "u", password };
  return { ...BEFORE, mqtt: { ...BEFORE.mqtt, broker }, ...changes };
}

function recordOf(config: Config): RunningRecord {
  return JSON.parse(renderRecord({ ...AT, config }));
}

function reload(running: Config, next: Config): ReturnType<typeof describeReload> {
  return describeReload(recordOf(running), { config: next, digest: "d2", record: "", warnings: [] });
}

test("renderRecord() tells what run was started with and works with, and no secret", () => {
  const env = { BT_SCANNER_LOG_LEVEL: "debug", BT_SCANNER_MQTT_BROKER_PASSWORD: "sesame", AWS_SECRET: "sesame" };
  const text = renderRecord({ ...AT, env, config: withPassword("sesame") });
  assert.doesNotMatch(text, /sesame/);
  const record = JSON.parse(text) as RunningRecord;
  assert.deepEqual(record.env, { BT_SCANNER_LOG_LEVEL: "debug", BT_SCANNER_MQTT_BROKER_PASSWORD: "***" });
  assert.deepEqual([record.args, record.file, record.config.scanner.id], [AT.args, AT.file, "s1"]);
});

test("describeReload() says of each key what its change would do", () => {
  const filter = { ...BEFORE.filter, min_rssi: -60 };
  const status = { ...BEFORE.status, topic_prefix: "elsewhere" };
  const scanner = { ...BEFORE.scanner, window_ms: 100 };
  assert.deepEqual(reload(BEFORE, { ...BEFORE, filter, status, scanner }), {
    text: "A reload would be accepted:\n" +
      "  scanner.window_ms: the scan begins anew\n" +
      "  filter.min_rssi: changes at once\n" +
      "  status.topic_prefix: the connection to the broker is made anew\n",
    isAccepted: true,
  });
  assert.deepEqual(reload(BEFORE, BEFORE), { text: "A reload would change no key.\n", isAccepted: true });
});

test("describeReload() says what would be refused, and why", () => {
  const scanner = { ...BEFORE.scanner, id: "s2" };
  assert.deepEqual(reload(BEFORE, { ...BEFORE, scanner, filter: { ...BEFORE.filter, min_rssi: -60 } }), {
    text: "A reload would be refused; these change only with a restart:\n  scanner.id\n",
    isAccepted: false,
  });
  assert.deepEqual(describeReload(recordOf(BEFORE), { problems: ["c.yaml:1:1: wrong"], warnings: [] }), {
    text: "A reload would be refused:\n  c.yaml:1:1: wrong\n",
    isAccepted: false,
  });
});

test("describeReload() does not claim to know whether a password is another one", () => {
  assert.match(
    reload(withPassword("a"), withPassword("b")).text,
    /no key\.\nWhether mqtt\.broker\.password is another/,
  );
  assert.match(reload(withPassword(null), withPassword("b")).text, /mqtt\.broker\.password: the connection/);
});

test("describeReload() does not claim to know whether a file that is named has another content", () => {
  const tls = { ...BEFORE.mqtt.broker.tls, enabled: true, ca_file: "/ca.pem", cert_file: "/c.pem", key_file: "/k.pem" };
  const withFiles = (isEncrypted: boolean): Config => {
    const broker = { ...BEFORE.mqtt.broker, username: "u", password_file: "/p", tls: { ...tls, enabled: isEncrypted } };
    return { ...BEFORE, mqtt: { ...BEFORE.mqtt, broker } };
  };
  const named = (config: Config) =>
    Array.from(
      reload(config, config).text.matchAll(/^Whether the content of mqtt\.broker\.(\S+) /gm),
      ([, key]) => key,
    );
  assert.deepEqual(named(withFiles(true)), ["password_file", "tls.ca_file", "tls.cert_file", "tls.key_file"]);
  assert.deepEqual(named(withFiles(false)), ["password_file"]);
});

test("servicePid() finds the process of a service, and of one for one adapter of several", () => {
  const files: Record<string, string> = {
    "/sys/fs/cgroup/system.slice/bt-scanner.service/cgroup.procs": "41\n",
    "/sys/fs/cgroup/systemd/system.slice/system-bt\\x2dscanner.slice/bt-scanner@hci1.service/cgroup.procs": "42\n",
  };
  const read = (path: string) => files[path] ?? null;
  const units = ["bt-scanner", "bt-scanner@hci1", "bt-scanner@hci2"];
  assert.deepEqual(units.map((unit) => servicePid(unit, read)), [41, 42, null]);
});
