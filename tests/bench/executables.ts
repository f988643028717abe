/**
 * What a way of running the agent costs: memory at 100 messages a second, the time from its start
 * until the first message is with a subscriber, messages a second from a recording. Needs Mosquitto.
 *
 * `deno run -A tests/bench/executables.ts 'compiled=dist/bt-scanner-linux-x64' 'other=COMMAND …'`
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { connectAsync, type MqttClient } from "mqtt";
import { encodeBtsnoopHeader, encodeBtsnoopRecord, legacyReportsPacket } from "../../src/hci/mod.ts";
import { readMemory } from "../support/memory.ts";
import { Mosquitto } from "../support/mosquitto.ts";

const ROUNDS = 5;
const REPORTS = 200_000;
const MEMORY_AFTER_MS = 15_000;

/** A recording of a hundred devices, without pauses. */
function writeRecording(path: string): void {
  using file = Deno.openSync(path, { write: true, create: true });
  const name = new TextEncoder().encode("TempSensor_01");
  const chunks = [encodeBtsnoopHeader()];
  for (let i = 0; i < REPORTS; i++) {
    const packet = legacyReportsPacket({
      eventType: 3,
      addressType: 1,
      address: Uint8Array.of(i % 100, 0, 0, 0, 0, 0xc0),
      data: Uint8Array.of(2, 1, 6, name.length + 1, 9, ...name, 6, 0xff, 0x4c, 0, i & 255, i >> 8 & 255, i >> 16),
      rssiDbm: 196,
    });
    chunks.push(encodeBtsnoopRecord({ packet, received: true, timestampMs: 1_800_000_000_000 }));
  }
  for (const chunk of chunks) file.writeSync(chunk);
}

async function subscribe(port: number): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  await client.subscribeAsync("ble/raw/#");
  return client;
}

async function firstMessage(subscriber: MqttClient, agent: Deno.ChildProcess): Promise<void> {
  const ended = agent.status.then(({ code }) => Promise.reject(new Error(`the agent ended with ${code}`)));
  await Promise.race([new Promise((resolve) => subscriber.once("message", resolve)), ended]);
  ended.catch(() => {});
  subscriber.end(true);
}

function start(command: string, port: number, ...args: readonly string[]): Deno.ChildProcess {
  const [program = "", ...rest] = command.split(" ");
  const broker = `mqtt://127.0.0.1:${port}`;
  return new Deno.Command(program, {
    args: [...rest, "run", "--scanner-id", "measure", "--broker", broker, "--log-level", "error", ...args],
    env: { BT_SCANNER_CONFIG: "" }, // whatever this machine has
    stdin: "null",
  }).spawn();
}

async function measureStart(command: string, port: number): Promise<number> {
  const subscriber = await subscribe(port);
  const startMs = performance.now();
  const agent = start(command, port, "--source", "simulate", "--simulate-rate", "1000");
  await firstMessage(subscriber, agent);
  const ms = performance.now() - startMs;
  agent.kill("SIGTERM");
  await agent.status;
  return ms;
}

async function measureMemory(command: string, port: number): Promise<[residentMb: number, privateMb: number]> {
  const agent = start(command, port, "--source", "simulate", "--simulate-devices", "100", "--simulate-rate", "100");
  await new Promise((resolve) => setTimeout(resolve, MEMORY_AFTER_MS));
  const { rssKiB, privateKiB } = await readMemory(agent.pid);
  agent.kill("SIGTERM");
  await agent.status;
  return [rssKiB / 1024, privateKiB / 1024];
}

async function measureThroughput(command: string, port: number, recording: string): Promise<number> {
  const subscriber = await subscribe(port);
  const agent = start(command, port, "--source", "replay", "--replay", recording, "--replay-speed", "max");
  await firstMessage(subscriber, agent);
  const startMs = performance.now();
  const { code } = await agent.status;
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return REPORTS / (performance.now() - startMs) * 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

async function times<T>(count: number, measure: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < count; i++) results.push(await measure());
  return results;
}

if (import.meta.main) {
  const recording = await Deno.makeTempFile({ suffix: ".btsnoop" });
  await using broker = await Mosquitto.start("allow_anonymous true\nlistener {port} 127.0.0.1\nlog_type error");
  try {
    writeRecording(recording);
    console.log("| | RSS MB | private MB | first message ms | messages/s |\n|---|---|---|---|---|");
    for (const argument of Deno.args) {
      const [, name, command = ""] = /^([^=]*)=(.*)$/.exec(argument) ?? [];
      const firstMs = median(await times(ROUNDS, () => measureStart(command, broker.port)));
      const memory = await times(3, () => measureMemory(command, broker.port));
      const rate = median(await times(3, () => measureThroughput(command, broker.port, recording)));
      const [resident, unshared] = [median(memory.map(([mb]) => mb)), median(memory.map(([, mb]) => mb))];
      console.log(
        `| ${name} | ${resident.toFixed(1)} | ${unshared.toFixed(1)} | ${firstMs.toFixed(0)} | ${rate.toFixed(0)} |`,
      );
    }
  } finally {
    await Deno.remove(recording);
  }
}
