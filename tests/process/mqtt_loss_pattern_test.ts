import assert from "node:assert/strict";
import { startAedes } from "../support/aedes.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { agentArgs, type LogLine, Program } from "../support/program.ts";
import { Rabbit, rabbitTest } from "../support/rabbitmq.ts";
import { Subscriber } from "../support/subscriber.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

/** Few reports: aedes under Deno loses its place in a stream that comes fast, whoever sends it, and closes for that. */
const SIMULATE = ["--source", "simulate", "--simulate-devices", "20", "--simulate-rate", "5"];
const PATIENCE_MS = 60_000;

function startAgent(port: number, username: string): Program {
  const env = {
    BT_SCANNER_STATS_INTERVAL_S: "5",
    BT_SCANNER_MQTT_BROKER_USERNAME: username,
    BT_SCANNER_MQTT_BROKER_PASSWORD: username,
  };
  return new Program(agentArgs(port, ...SIMULATE), env);
}

/** The connections that were lost; each has its line, whatever its reason. */
const lost = ({ log }: Program) => log.filter(({ event }) => event === "broker connection lost");
const remedies = (lines: readonly LogLine[]) => lines.map(({ fields }) => String(fields["remedy"]));

async function losesConnections(program: Program, count: number): Promise<void> {
  await waitFor(() => lost(program).length >= count, `${count} lost connections`, PATIENCE_MS);
  for (const { level } of lost(program)) assert.equal(level, "warning");
  const connected = program.log.filter(({ event }) => event === "broker connected").length;
  assert.ok(connected - lost(program).length <= 1, "a connection was lost without a word");
}

/** A broker that closes the connection of whoever publishes below a forbidden topic. */
async function namesForbiddenTopics(port: number): Promise<void> {
  await using rawDenied = startAgent(port, "no-raw");
  await losesConnections(rawDenied, 3);
  // Which cause comes first depends on whether it closes within a second, as this machine sees it.
  const [first = "", ...later] = remedies(lost(rawDenied));
  assert.match(first, /^if this happens again: .*the broker may forbid a topic/);
  for (const remedy of later) {
    assert.match(remedy, /the broker may forbid a topic .*ble\/raw\/s1\/#/);
    assert.match(remedy, /another client .*bt-mqtt-s1/);
  }
  rawDenied.kill("SIGTERM");
  await rawDenied.ended();

  await using statsDenied = startAgent(port, "no-stats");
  const named = /^the broker may forbid that topic: allow this client to publish to ble\/stats\/s1/;
  const isNamed = () => remedies(lost(statsDenied)).slice(-2).every((remedy) => named.test(remedy));
  await waitFor(() => lost(statsDenied).length >= 3 && isNamed(), "the statistics to be named", PATIENCE_MS);
}

rabbitTest(
  "run names the topic that RabbitMQ forbids, where it closes at once and where it does after a while",
  async () => {
    await using rabbit = await Rabbit.start([
      { name: "no-raw", mayPublish: "^ble\\.(status|stats)\\." },
      { name: "no-stats", mayPublish: "^ble\\.(status|raw)\\." },
    ]);
    await namesForbiddenTopics(rabbit.port);
  },
);

test("run names the topic that aedes forbids, where it closes at once and where it does after a while", async () => {
  const users = new WeakMap<object, string>();
  await using broker = await startAedes({
    authenticate(client, username, _password, done) {
      users.set(client, username ?? "");
      done(null, true);
    },
    authorizePublish(client, { topic }, done) {
      const isForbidden = client !== null && topic.startsWith(`ble/${users.get(client)?.slice("no-".length)}/`);
      done(isForbidden ? new Error("forbidden") : null);
    },
  });
  await namesForbiddenTopics(broker.port);
});

mosquittoTest("run names a second client with its identifier, in the log and in the status", async () => {
  await using broker = await Mosquitto.start();
  await using watcher = await Subscriber.open(broker.port, "ble/status/s1");
  await using one = Program.agent(broker.port, ...SIMULATE);
  await using other = Program.agent(broker.port, ...SIMULATE);
  const taken = /another client may have the same client identifier, bt-mqtt-s1/;
  // The first may have been alone for long enough to lose a connection that counts as stable, and to blame nobody.
  const sinceNamed = (program: Program) => {
    const all = remedies(lost(program));
    const named = all.findIndex((remedy) => taken.test(remedy) && !remedy.startsWith("if this happens again"));
    return named === -1 ? [] : all.slice(named);
  };
  for (const program of [one, other]) {
    await waitFor(() => sinceNamed(program).length >= 2, "the other client to be named twice", PATIENCE_MS);
    for (const remedy of sinceNamed(program)) assert.match(remedy, taken);
  }
  const warnings = () => watcher.payloads().map((payload) => JSON.parse(payload)).filter(({ warning }) => warning);
  await waitFor(() => warnings().length > 0, "a status that warns", PATIENCE_MS);
  const [{ status, warning }] = warnings();
  assert.deepEqual([status, taken.test(warning)], ["online", true], warning);
});
