import assert from "node:assert/strict";
import { type Block, blocks, document } from "../docs/markdown.ts";
import { deviceDiscovery, DISCOVERY_TOPIC } from "../home_assistant/schema.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { run } from "../support/programs.ts";
import { agentArgs, Program } from "../support/program.ts";
import { Subscriber } from "../support/subscriber.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { waitFor } from "../support/wait_for.ts";

const TOPIC = "homeassistant/device/bt-scanner_s1/config";

/** An agent that tells Home Assistant what `enabled` says. */
function agent(port: number, enabled: "true" | "false" | ""): Program {
  const args = agentArgs(port, "--source", "simulate");
  return new Program(args, { BT_SCANNER_HOME_ASSISTANT_ENABLED: enabled, BT_SCANNER_STATS_INTERVAL_S: "1" });
}

/** What whoever subscribes now is given at once, as Home Assistant is at its start. */
async function retained(port: number): Promise<string[]> {
  await using subscriber = await Subscriber.open(port, "homeassistant/#", "ble/status/s1");
  await waitFor(() => subscriber.payloads("ble/status/s1").length > 0, "the retained status");
  return subscriber.payloads(TOPIC);
}

mosquittoTest(
  "run appears in Home Assistant, stays there while it is away, and is taken back where that is asked",
  async () => {
    await using broker = await Mosquitto.start();
    await using watching = await Subscriber.open(broker.port, "homeassistant/#", "ble/status/#", "ble/stats/#");
    {
      await using program = agent(broker.port, "true");
      await waitFor(() => watching.payloads("ble/stats/s1").length > 0, "statistics");
      assert.equal((await program.end("SIGTERM")).code, 0);
    }
    const [payload = "", ...more] = await retained(broker.port);
    assert.deepEqual(more, []);
    const { dev, avty, cmps } = deviceDiscovery.parse(JSON.parse(payload));
    assert.equal(dev.name, "s1");
    const topics = Object.values(cmps).map((component) => "stat_t" in component ? component.stat_t : "none");
    const seen = new Set(watching.messages.map(({ topic }) => topic));
    for (const topic of [...topics, ...avty.map(({ t }) => t)]) assert.ok(seen.has(topic), `nothing came on ${topic}`);
    {
      await using program = agent(broker.port, "false");
      await waitFor(() => watching.payloads(TOPIC).at(-1) === "", "the device to be taken back");
      assert.equal((await program.end("SIGTERM")).code, 0);
    }
    assert.deepEqual(await retained(broker.port), []);
  },
);

mosquittoTest("run tells Home Assistant at once what a reload changes", async () => {
  await using broker = await Mosquitto.start();
  await using folder = await TemporaryFolder.make();
  await using watching = await Subscriber.open(broker.port, TOPIC);
  const configure = (...lines: string[]) => folder.write("config.yaml", `${lines.join("\n")}\n`);
  const last = () => watching.payloads(TOPIC).at(-1) ?? "nothing";
  const file = await configure("home_assistant: { enabled: true }");
  await using program = Program.agent(broker.port, "--source", "simulate", "--config", file);
  await waitFor(() => last().includes('"Devices"'), "the device");
  await configure("home_assistant: { enabled: true }", "stats: { publish: false }");
  program.kill("SIGHUP");
  await waitFor(() => last().includes('"devices":{"p":"sensor"}'), "what reads the statistics to be removed");
  await configure("home_assistant: { enabled: false }");
  program.kill("SIGHUP");
  await waitFor(() => last() === "", "the device to be taken back");
  assert.equal((await program.end("SIGTERM")).code, 0);
});

mosquittoTest("the command of docs/home-assistant.md takes back a scanner that is gone", async () => {
  await using broker = await Mosquitto.start();
  await using watching = await Subscriber.open(broker.port, TOPIC);
  {
    await using _program = agent(broker.port, "true");
    await watching.until(1);
  }
  const [{ text }] = blocks(document("docs/home-assistant.md"), "sh") as [Block];
  await run("sh", "-ec", text.replace("broker.local", `127.0.0.1 -p ${broker.port}`).replace("scanner-01", "s1"));
  await watching.until(2);
  assert.deepEqual(await retained(broker.port), []);
});

mosquittoTest("run tells Home Assistant nothing unless it is asked to", async () => {
  await using broker = await Mosquitto.start();
  await using watching = await Subscriber.open(broker.port, "#");
  await using program = agent(broker.port, "");
  await waitFor(() => watching.payloads("ble/stats/s1").length > 0, "statistics");
  assert.equal((await program.end("SIGTERM")).code, 0);
  assert.deepEqual(watching.messages.filter(({ topic }) => DISCOVERY_TOPIC.test(topic)), []);
});
