import { deepEqual, equal, ok } from "node:assert/strict";
import { blocks, document } from "../docs/markdown.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { agentArgs, Program } from "../support/program.ts";
import { Subscriber } from "../support/subscriber.ts";
import { waitFor } from "../support/wait_for.ts";

const LISTENER = "persistence_location {folder}/\nallow_anonymous true\nlistener {port} 127.0.0.1";
/** What docs/scale.md has a site's broker say. */
const BRIDGE = blocks(document("docs/scale.md"), "conf").find(({ text }) => text.includes("connection "))?.text ?? "";
/** The bridge looks for its other end sooner than the documents say. */
const SOON = "restart_timeout 1";

/** On this machine there is no TLS between them, and nothing to keep on disk. */
function siteConfig(central: Mosquitto): string {
  const bridge = BRIDGE.replace(/^address .*$/m, `address 127.0.0.1:${central.port}`);
  return `${LISTENER}\n${bridge.replaceAll(/^(bridge_cafile|persistence) .*$/gm, "")}${SOON}`;
}

function statuses(subscriber: Subscriber): (string | undefined)[] {
  return subscriber.payloads("ble/status/s1").map((payload) => (JSON.parse(payload) as { status?: string }).status);
}

mosquittoTest(
  "the documents' bridge passes on messages, retained status and will, and tells that it is gone",
  async () => {
    await using central = await Mosquitto.start(LISTENER);
    await using site = await Mosquitto.start(siteConfig(central));
    await using subscriber = await Subscriber.open(central.port, "ble/#");
    await using agent = Program.agent(site.port, "--source", "simulate", "--qos", "1");
    await waitFor(() => subscriber.messages.some(({ topic }) => topic.startsWith("ble/raw/s1/")), "a message");
    await using late = await Subscriber.open(central.port, "ble/status/s1", "ble/bridge/+");
    await late.until(2);
    deepEqual(late.messages.map(({ topic, retain }) => [topic, retain]).sort(), [
      ["ble/bridge/site-1", true],
      ["ble/status/s1", true],
    ]);
    equal(late.payloads("ble/bridge/site-1").at(-1), "1");
    agent.kill("SIGKILL");
    await waitFor(() => statuses(subscriber).at(-1) === "offline", "the will");
    await site.stop("SIGKILL");
    await waitFor(() => subscriber.payloads("ble/bridge/site-1").at(-1) === "0", "the bridge to be missed");
  },
);

mosquittoTest("a site's broker keeps for the central one what is published while it is away", async () => {
  await using central = await Mosquitto.start(LISTENER);
  await using site = await Mosquitto.start(siteConfig(central));
  await using local = await Subscriber.open(site.port, "ble/raw/#");
  await using agent = new Program(agentArgs(site.port, "--source", "simulate", "--simulate-rate", "50", "--qos", "1"));
  await local.until(10);
  await central.stop("SIGKILL");
  await local.until(local.messages.length + 100);
  await central.start();
  await using subscriber = await Subscriber.open(central.port, "ble/raw/#");
  await agent.end("SIGTERM");
  const last = local.messages.at(-1)?.payload;
  await waitFor(() => subscriber.payloads().includes(last ?? ""), "the last message");
  ok(subscriber.messages.length >= 100, `${subscriber.messages.length} messages`);
});

mosquittoTest("Mosquitto shares a subscription among subscribers that speak MQTT 3.1.1", async () => {
  await using broker = await Mosquitto.start();
  await using one = await Subscriber.open(broker.port, "$share/stores/ble/raw/#");
  await using other = await Subscriber.open(broker.port, "$share/stores/ble/raw/#");
  await using all = await Subscriber.open(broker.port, "ble/raw/#");
  await using agent = Program.agent(broker.port, "--source", "simulate", "--qos", "1");
  await all.until(100);
  await agent.end("SIGTERM");
  const shared = () => [...one.payloads(), ...other.payloads()];
  await waitFor(() => shared().length >= all.messages.length, "the shares");
  ok(one.messages.length > 0 && other.messages.length > 0);
  deepEqual(shared().sort(), all.payloads().sort());
});
