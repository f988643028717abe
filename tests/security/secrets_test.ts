import assert from "node:assert/strict";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { Program } from "../support/program.ts";
import { Subscriber } from "../support/subscriber.ts";
import { test } from "../support/test.ts";

const SECRET = "kX7-open-sesame";
const LOUD = ["--source", "simulate", "--log-level", "trace", "--log-format", "json"];

/** How a secret gets to the program. */
interface Way {
  /** Files in a folder of their own, which `{folder}` stands for below. */
  readonly files?: Readonly<Record<string, string>>;
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
}

const WAYS: Readonly<Record<string, Way>> = {
  "a password in the configuration": { config: `{ username: u, password: ${SECRET} }` },
  "a password in a file": {
    files: { password: `${SECRET}\n` },
    config: "{ username: u, password_file: '{folder}/password' }",
  },
  "a password in the environment": {
    config: "{ username: u }",
    env: { BT_SCANNER_MQTT_BROKER_PASSWORD: SECRET },
  },
  "a password from systemd": {
    files: { "mqtt-password": SECRET },
    config: "{ username: u }",
    env: { CREDENTIALS_DIRECTORY: "{folder}" },
  },
  "a private key that cannot be read as one": {
    files: {
      "cert.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "key.pem": `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n`,
    },
    config: "{ tls: { enabled: true, cert_file: '{folder}/cert.pem', key_file: '{folder}/key.pem' } }",
  },
};

/** A configuration that has its secret in this way. */
class Setup implements AsyncDisposable {
  private constructor(private readonly folder: string, readonly env: Readonly<Record<string, string>>) {}

  static async of({ files = {}, config, env = {} }: Way): Promise<Setup> {
    const folder = await Deno.makeTempDir({ prefix: "bt-scanner-secrets-" });
    const inFolder = (text: string) => text.replaceAll("{folder}", folder);
    const yaml = `scanner: { id: s1 }\nmqtt:\n  broker: ${inFolder(config)}\n`;
    for (const [name, text] of Object.entries({ ...files, "config.yaml": yaml })) {
      await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
    }
    return new Setup(folder, Object.fromEntries(Object.entries(env).map(([name, value]) => [name, inFolder(value)])));
  }

  start(command: string, ...args: string[]): Program {
    return new Program([command, "--config", `${this.folder}/config.yaml`, ...args], this.env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Ends it, and checks that it has shown the secret nowhere. */
async function endedSilently(program: Program): Promise<void> {
  const { stdout, stderr } = await program.ended();
  assert.ok(!`${stdout}${stderr}`.includes(SECRET), `${stdout}${stderr}`);
}

for (const [name, way] of Object.entries(WAYS)) {
  mosquittoTest(`check and run show nothing of ${name}, though the broker refuses it`, async () => {
    await using broker = await Mosquitto.start("allow_anonymous false\nlistener {port} 127.0.0.1");
    await using setup = await Setup.of(way);
    await using checked = setup.start("check");
    await endedSilently(checked);
    // Host and port alone, as `--broker` says whether TLS is meant.
    const scheme = way.config.includes("tls") ? "mqtts" : "mqtt";
    await using running = setup.start("run", "--broker", `${scheme}://127.0.0.1:${broker.port}`, ...LOUD);
    await running.logged("broker connection failed");
    running.kill("SIGTERM");
    await endedSilently(running);
  });
}

mosquittoTest("run publishes nothing of the password that it connects with", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "#");
  await using setup = await Setup.of(WAYS["a password in a file"] ?? assert.fail());
  await using program = setup.start("run", "--broker", `mqtt://127.0.0.1:${broker.port}`, ...LOUD);
  await subscriber.until(20);
  program.kill("SIGTERM");
  await endedSilently(program);
  assert.ok(!JSON.stringify(subscriber.messages).includes(SECRET));
});

test("check and run show nothing of a password that is written where, or as, it cannot be read", async () => {
  const ways: readonly Way[] = [
    ...["*", "!", "&"].map((sign) => ({ config: `{ username: u, password: ${sign}${SECRET} }` })),
    { config: `\n    username: u\n    password: |${SECRET}\n` },
    { config: "{ username: u }", env: { BT_SCANNER_MQTT_BROKER_HOST: `mqtt://u:${SECRET}@broker` } },
  ];
  for (const way of ways) {
    await using setup = await Setup.of(way);
    for (const command of ["check", "run"]) {
      await using program = setup.start(command);
      assert.equal((await program.ended()).code, 2, way.config);
      await endedSilently(program);
    }
  }
});

test("run refuses a password on its command line, and does not repeat it", async () => {
  for (const url of [`mqtt://u:${SECRET}@localhost`, `mqtt://${SECRET}@localhost`, `mqtts://:${SECRET}@[::1]:1`]) {
    await using program = new Program(["run", "--scanner-id", "s1", "--broker", url]);
    assert.equal((await program.ended()).code, 2);
    await endedSilently(program);
  }
});
