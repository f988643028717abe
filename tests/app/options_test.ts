import assert from "node:assert/strict";
import { mqttOptions } from "../../src/app/mod.ts";
import { type Config, defaultConfig } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { testHost } from "../support/test_host.ts";

/** What the broker is given as the password, with this folder as systemd's credentials. */
async function passwordWith(broker: Partial<Config["mqtt"]["broker"]>, credentials: string): Promise<unknown> {
  const config = defaultConfig("s1");
  const mqtt = { ...config.mqtt, broker: { ...config.mqtt.broker, username: "u", ...broker } };
  const host = testHost({ env: { CREDENTIALS_DIRECTORY: credentials } });
  const { password } = mqttOptions({ ...config, mqtt }, host, null);
  return typeof password === "function" ? await password() : password;
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bt-scanner-options-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const files: readonly (readonly [written: string, password: string | null])[] = [
  ["caf\xe9\xff\x00", "caf\xe9\xff\x00"], // no UTF-8
  ["secret\n", "secret"],
  ["secret\r\n", "secret"],
  ["secret\n\n", "secret\n"],
  ["secret\r", "secret\r"],
  ["\nsecret", "\nsecret"],
  ["\r\n", null],
  ["\n", null],
  ["", null],
];

for (const [written, password] of files) {
  test(`mqttOptions() reads ${JSON.stringify(written)} as the password byte for byte, but for the end of its line`, async () => {
    await inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/mqtt-password`, latin1(written));
      const expected = password === null ? null : latin1(password);
      assert.deepEqual(await passwordWith({}, folder), expected);
      assert.deepEqual(await passwordWith({ password_file: `${folder}/mqtt-password` }, "/nowhere"), expected);
    });
  });
}

test("mqttOptions() has no password where systemd leaves other credentials alone", async () => {
  await inFolder(async (folder) => {
    assert.equal(await passwordWith({}, folder), null);
    assert.equal(await passwordWith({ password: "configured" }, folder), "configured");
    assert.equal(await passwordWith({ username: null }, folder), null);
  });
});

test("mqttOptions() does not do without a password that cannot be read", async () => {
  await inFolder(async (folder) => {
    await assert.rejects(passwordWith({ password_file: `${folder}/missing` }, folder), Deno.errors.NotFound);
    await Deno.mkdir(`${folder}/mqtt-password`);
    await assert.rejects(passwordWith({}, folder), /directory/i);
  });
});

test("mqttOptions() names Home Assistant's topic among those that are published to, where it is told anything", () => {
  const topicsWith = (enabled: boolean | null) => {
    const config = defaultConfig("s1");
    const home_assistant = { ...config.home_assistant, enabled };
    return mqttOptions({ ...config, home_assistant }, testHost({}), null).topics;
  };
  const others = ["ble/raw/s1/#", "ble/status/s1", "ble/stats/s1"];
  const topic = "homeassistant/device/bt-scanner_s1/config";
  assert.deepEqual([null, true, false].map(topicsWith), [others, [...others, topic], [...others, topic]]);
});

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
