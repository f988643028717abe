/**
 * `deno task demo`: the agent with a simulated fleet, an embedded broker, and an independent
 * subscriber that shows what arrives, until Ctrl-C or for `--seconds N`.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connectAsync, type MqttClient } from "mqtt";
import config from "../../deno.json" with { type: "json" };
import { startAedes } from "../support/aedes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TOPIC = "ble/raw/demo/#";
const SAMPLES = 3;
const STOP_TIMEOUT_MS = 10_000;

/** What has arrived so far. */
class Tally {
  readonly #devices = new Set<string>();
  readonly #startMs = performance.now();
  /** Where the rate was taken last: when, and how many messages there were. */
  #last = { ms: this.#startMs, messages: 0 };
  messages = 0;

  add(topic: string): void {
    this.messages++;
    this.#devices.add(topic);
  }

  /** The rate since it was asked for last, with the totals. */
  progress(): string {
    const nowMs = performance.now();
    const rate = (this.messages - this.#last.messages) / (nowMs - this.#last.ms) * 1000;
    this.#last = { ms: nowMs, messages: this.messages };
    return `${this}, ${rate.toFixed(0)}/s`;
  }

  toString(): string {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(0);
    return `${seconds} s: ${this.messages} messages of ${this.#devices.size} devices`;
  }
}

/** The agent as a user starts it, with the permissions of `deno task start`. */
function startAgent(port: number, devices: string, rate: string): Deno.ChildProcess {
  const [, ...start] = config.tasks.start.command.split(" ");
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...start,
      ...["--no-config", "--scanner-id", "demo", "--broker", `mqtt://127.0.0.1:${port}`, "--log-level", "warning"],
      ...["--source", "simulate", "--simulate-devices", devices, "--simulate-rate", rate],
    ],
    cwd: ROOT,
    stdin: "null",
    detached: true, // Ctrl-C reaches the whole foreground group; the agent is to be told once, by us
  }).spawn();
}

async function subscribe(port: number, tally: Tally): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  client.on("error", (error) => console.error(`subscriber: ${error.message}`));
  client.on("message", (topic, payload) => {
    tally.add(topic);
    if (tally.messages <= SAMPLES) console.log(`${topic}\n${JSON.stringify(JSON.parse(payload.toString()), null, 2)}`);
  });
  await client.subscribeAsync(TOPIC);
  return client;
}

/** Shows the tally each second: in place on a terminal, else as lines. */
function showProgress(tally: Tally): Disposable {
  const timer = setInterval(() => {
    if (Deno.stdout.isTerminal()) Deno.stdout.writeSync(new TextEncoder().encode(`\r${tally.progress()}\x1b[K`));
    else console.log(tally.progress());
  }, 1000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Resolves at a signal to end, after `seconds`, or when the agent has ended by itself. */
async function untilDone(agent: Deno.ChildProcess, seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, () => resolve());
  const timer = Number.isFinite(seconds) ? setTimeout(resolve, seconds * 1000) : undefined;
  await Promise.race([promise, agent.status]);
  clearTimeout(timer);
}

/** Asks the agent to end, and makes it end where it does not. Resolves to its exit code. */
async function stop(agent: Deno.ChildProcess): Promise<number> {
  const timer = setTimeout(() => agent.kill("SIGKILL"), STOP_TIMEOUT_MS);
  try {
    agent.kill("SIGINT");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended already
  }
  const { code } = await agent.status;
  clearTimeout(timer);
  return code;
}

async function demo(options: { seconds: number; devices: string; rate: string }): Promise<number> {
  await using broker = await startAedes();
  const tally = new Tally();
  const subscriber = await subscribe(broker.port, tally);
  const agent = startAgent(broker.port, options.devices, options.rate);
  console.log(`broker at mqtt://127.0.0.1:${broker.port}, subscribed to ${TOPIC}; press Ctrl-C to stop`);
  {
    using _progress = showProgress(tally);
    await untilDone(agent, options.seconds);
  }
  const code = await stop(agent);
  await subscriber.endAsync();
  console.log(`\n${tally}; the agent ended with exit code ${code}`);
  return tally.messages > 0 && code === 0 ? 0 : 1;
}

const { values } = parseArgs({
  args: Deno.args.filter((arg) => arg !== "--"),
  options: {
    seconds: { type: "string", default: "Infinity" },
    devices: { type: "string", default: "25" },
    rate: { type: "string", default: "100" },
  },
});
Deno.exit(await demo({ seconds: Number(values.seconds), devices: values.devices, rate: values.rate }));
