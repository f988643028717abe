import assert from "node:assert/strict";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { blocks, document } from "../docs/markdown.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { agentArgs, Program } from "../support/program.ts";
import { run } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { waitFor } from "../support/wait_for.ts";

const RECIPE = new URL("../../config/recipes/mosquitto/", import.meta.url);
const SENTINEL = "ble/raw/scanner-07/sentinel";

/** The blocks of commands of docs/recipes.md that this test runs. */
function commandsOf(heading: string): string {
  const page = document("docs/recipes.md");
  const [, section] = page.text.split(`\n### ${heading}\n`);
  const found = blocks({ ...page, text: section?.split("\n#")[0] ?? "" }, "sh").filter(({ mark }) => mark !== "pi");
  assert.ok(found.length > 0, heading);
  return found.map(({ text }) => text).join("");
}

/** Mosquitto with the recipe, as its page says, in a folder in place of `/etc/mosquitto`. */
class Bench implements AsyncDisposable {
  private constructor(readonly broker: Mosquitto, readonly folder: TemporaryFolder) {}

  static async start(config: "bt-scanner.conf" | "bt-scanner-certificates.conf"): Promise<Bench> {
    const folder = await TemporaryFolder.make();
    const here = (text: string) =>
      text.replaceAll("sudo ", "").replaceAll(" -g mosquitto", "").replaceAll("/etc/mosquitto", folder.path)
        .replaceAll("broker.local", "localhost");
    await Deno.mkdir(`${folder.path}/certs`);
    for (const heading of ["An authority and the broker's certificate", "Users", "Client certificates"]) {
      const commands = here(commandsOf(heading)).replace(" reader;", " reader node-red;");
      await run("sh", "-ec", `cd ${folder.path}\n${commands}`);
    }
    const accessList = await Deno.readTextFile(new URL("bt-scanner.acl", RECIPE));
    const [forNodeRed] = blocks(document("docs/recipes.md"), "");
    await folder.write("bt-scanner.acl", `${accessList}\n${forNodeRed?.text}`);
    const recipe = here(await Deno.readTextFile(new URL(config, RECIPE)));
    const broker = await Mosquitto.start(recipe.replace("listener 8883", "listener {port} 127.0.0.1"));
    return new Bench(broker, folder);
  }

  /** A client that trusts the authority, and says who it is. */
  client(who: Pick<IClientOptions, "username" | "password" | "cert" | "key">): Promise<MqttClient> {
    const ca = Deno.readTextFileSync(`${this.folder.path}/certs/ca.crt`);
    const options = { ...who, ca, reconnectPeriod: 0, connectTimeout: 10_000 };
    return connectAsync(`mqtts://localhost:${this.broker.port}`, options);
  }

  /** One of the users, with the password that was made for them. */
  user(username: string): Promise<MqttClient> {
    return this.client({
      username,
      password: Deno.readTextFileSync(`${this.folder.path}/${username}.password`).trim(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** What arrives at the reader, and at a scanner that asks for it though it may not. */
async function attempt(bench: Bench, scanner: MqttClient, reader: MqttClient): Promise<string[]> {
  const [read, overheard]: [string[], string[]] = [[], []];
  reader.on("message", (topic) => read.push(topic));
  scanner.on("message", (topic) => overheard.push(topic));
  await reader.subscribeAsync("#");
  await scanner.subscribeAsync("#");
  const others = ["ble/raw/scanner-08/AA:BB:CC:DD:EE:FF", "ble/status/scanner-08", "ble/stats/scanner-08"];
  const neither = [
    "homeassistant/device/bt-scanner_scanner-08/config",
    "ble/raw/scanner-071/x",
    "ble/anything",
    "mine",
  ];
  for (const topic of [...others, ...neither]) await scanner.publishAsync(topic, "{}", { qos: 1, retain: true });
  const own = ["ble/status/scanner-07", "ble/stats/scanner-07", "homeassistant/device/bt-scanner_scanner-07/config"];
  const echo = "ble/raw/scanner-07/doctor/echo";
  for (const topic of [...own, echo, SENTINEL]) await scanner.publishAsync(topic, "{}", { qos: 1 });
  await waitFor(() => read.includes(SENTINEL), `what a scanner may publish; ${await bench.broker.log()}`);
  await waitFor(() => overheard.length > 0, "what doctor reads");
  assert.deepEqual(overheard, [echo]);
  return read.filter((topic) => ![SENTINEL, echo, ...own].includes(topic));
}

/** The agent as this scanner, with the authority of the bench. */
function agent(bench: Bench, id: string, env: Readonly<Record<string, string>>): Program {
  const broker = ["--scanner-id", id, "--broker", `mqtts://localhost:${bench.broker.port}`];
  return new Program([...agentArgs(bench.broker.port, "--source", "simulate"), ...broker], {
    BT_SCANNER_MQTT_BROKER_TLS_CA_FILE: `${bench.folder.path}/certs/ca.crt`,
    ...env,
  });
}

mosquittoTest("the Mosquitto recipe lets each scanner publish as itself, and none as another", async () => {
  await using bench = await Bench.start("bt-scanner.conf");
  const { path } = bench.folder;
  await using stack = new AsyncDisposableStack();
  const [scanner, reader] = await Promise.all([bench.user("scanner-07"), bench.user("reader")]);
  stack.defer(async () => void await Promise.all([scanner.endAsync(true), reader.endAsync(true)]));
  assert.deepEqual(await attempt(bench, scanner, reader), []);

  const login = {
    BT_SCANNER_MQTT_BROKER_USERNAME: "scanner-07",
    BT_SCANNER_MQTT_BROKER_PASSWORD_FILE: `${path}/scanner-07.password`,
  };
  const heard = new Set<string>();
  reader.on("message", (topic) => heard.add(topic));
  {
    await using _honest = agent(bench, "scanner-07", { ...login, BT_SCANNER_STATS_INTERVAL_S: "1" });
    const all = ["ble/raw/scanner-07/", "ble/status/scanner-07", "ble/stats/scanner-07"];
    const isHeard = (prefix: string) => [...heard].some((topic) => topic.startsWith(prefix));
    await waitFor(() => all.every(isHeard), "messages, status and statistics");
  }
  // Mosquitto takes whatever it is given, and discards it.
  await using impostor = agent(bench, "scanner-08", { ...login, BT_SCANNER_STATS_INTERVAL_S: "1" });
  const hasPublished = () => impostor.log.some(({ fields }) => Number(fields["published"]) > 0);
  await waitFor(hasPublished, "the impostor to have published, as it thinks");
  impostor.kill("SIGKILL");
  const willIsDue = async () => /client bt-mqtt-scanner-08 (closed|disconnected)/i.test(await bench.broker.log());
  await waitFor(willIsDue, "Mosquitto to notice the impostor's end");
  heard.delete(SENTINEL);
  await scanner.publishAsync(SENTINEL, "after it", { qos: 1 });
  await waitFor(() => heard.has(SENTINEL), "what comes after the will");
  assert.deepEqual([...heard].filter((topic) => topic.includes("scanner-08")), []);
});

mosquittoTest("the Mosquitto recipe lets Node-RED publish what its flows make, and no more", async () => {
  await using bench = await Bench.start("bt-scanner.conf");
  await using stack = new AsyncDisposableStack();
  const [nodeRed, reader] = await Promise.all([bench.user("node-red"), bench.user("reader")]);
  stack.defer(async () => void await Promise.all([nodeRed.endAsync(true), reader.endAsync(true)]));
  const [seen, read]: [string[], string[]] = [[], []];
  nodeRed.on("message", (topic) => seen.push(topic));
  reader.on("message", (topic) => read.push(topic));
  await nodeRed.subscribeAsync("#");
  await reader.subscribeAsync("#");
  const topics = ["ble/status/s1", "ble/raw/s1/x", "ble/decoded/s1/x", "homeassistant/x", "ble/alerts/s1"];
  for (const topic of topics) await nodeRed.publishAsync(topic, "{}", { qos: 1 });
  const made = ["ble/decoded/s1/x", "ble/alerts/s1"];
  await waitFor(() => seen.length >= made.length && read.length >= made.length, "what the flows make");
  assert.deepEqual([seen, read], [made, made]);
});

mosquittoTest(
  "the Mosquitto recipe turns away who does not encrypt, is nobody, or has the wrong password",
  async () => {
    await using bench = await Bench.start("bt-scanner.conf");
    await assert.rejects(
      connectAsync(`mqtt://127.0.0.1:${bench.broker.port}`, { reconnectPeriod: 0, connectTimeout: 10_000 }),
    );
    await assert.rejects(bench.client({}), /Not authorized/);
    await assert.rejects(bench.client({ username: "scanner-07", password: "guessed" }), /Not authorized/);
  },
);

mosquittoTest(
  "the Mosquitto recipe with client certificates takes the scanner's name from its certificate",
  async () => {
    await using bench = await Bench.start("bt-scanner-certificates.conf");
    const { path } = bench.folder;
    const as = (name: string) =>
      bench.client({
        cert: Deno.readTextFileSync(`${path}/${name}.crt`),
        key: Deno.readTextFileSync(`${path}/${name}.key`),
      });
    await run("sh", "-ec", `cd ${path}\n${commandsOf("Client certificates").replaceAll("scanner-07", "reader")}`);
    await using stack = new AsyncDisposableStack();
    const [scanner, reader] = await Promise.all([as("scanner-07"), as("reader")]);
    stack.defer(async () => void await Promise.all([scanner.endAsync(true), reader.endAsync(true)]));
    assert.deepEqual(await attempt(bench, scanner, reader), []);

    await using program = agent(bench, "scanner-07", {
      BT_SCANNER_MQTT_BROKER_TLS_CERT_FILE: `${path}/scanner-07.crt`,
      BT_SCANNER_MQTT_BROKER_TLS_KEY_FILE: `${path}/scanner-07.key`,
    });
    await program.logged("broker connected");
    await assert.rejects(bench.client({}));
  },
);
