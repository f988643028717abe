/**
 * Messages a second into Mosquitto on the loopback interface, against `mosquitto_pub -l` in the same
 * run: `deno run -A tests/bench/publish_bench.ts [messages]`.
 */
// deno-lint-ignore-file no-console
import { Mosquitto } from "../support/mosquitto.ts";
import { findProgram } from "../support/programs.ts";
import { startPublishing } from "../support/publishing.ts";

const ROUNDS = 3;
const TOPIC = "ble/raw/scanner-01/AA:BB:CC:DD:EE:FF";
const MESSAGE = JSON.stringify({
  scanner_id: "scanner-01",
  mac_address: "AA:BB:CC:DD:EE:FF",
  rssi: -67,
  timestamp: "2026-01-11T10:30:45.123Z",
  manufacturer_data: { "4c00": "02150123456789abcdef0123456789abcdef00010002c5" },
  service_uuids: ["0000180f-0000-1000-8000-00805f9b34fb"],
  local_name: "TempSensor_01",
});

/** Publishes with the program's publisher, waiting where it takes no more; resolves to messages a second. */
async function ours(port: number, qos: 0 | 1, messages: number): Promise<number> {
  await using publishing = startPublishing(port, { qos });
  const { publisher } = publishing;
  const { signal } = new AbortController();
  await publisher.ready(signal);
  const all = Promise.withResolvers<void>();
  let left = messages;
  const settled = (error: Error | null) => {
    if (error !== null) all.reject(error);
    if (--left === 0) all.resolve();
  };
  const startMs = performance.now();
  for (let index = 0; index < messages; index++) {
    while (publisher.publish(TOPIC, MESSAGE, settled) !== "accepted") await publisher.ready(signal);
  }
  await all.promise;
  return messages / (performance.now() - startMs) * 1000;
}

/** The same with `mosquitto_pub`, one message a line. */
async function theirs(port: number, qos: 0 | 1, messages: number): Promise<number> {
  const lines = new TextEncoder().encode(`${MESSAGE}\n`.repeat(1_000));
  const startMs = performance.now();
  const process = new Deno.Command(findProgram("mosquitto_pub") ?? "mosquitto_pub", {
    args: ["-h", "127.0.0.1", "-p", String(port), "-q", String(qos), "-t", TOPIC, "-l"],
    stdin: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  for (let sent = 0; sent < messages; sent += 1_000) await writer.write(lines);
  await writer.close();
  await process.status;
  return messages / (performance.now() - startMs) * 1000;
}

function median(rates: readonly number[]): number {
  return rates.toSorted((a, b) => a - b)[rates.length >> 1] ?? NaN;
}

async function main(messages: number): Promise<void> {
  await using broker = await Mosquitto.start(
    "allow_anonymous true\nlistener {port} 127.0.0.1\nlog_type error",
  );
  for (const qos of [0, 1] as const) {
    const rates = { ours: [] as number[], theirs: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      rates.ours.push(await ours(broker.port, qos, messages));
      rates.theirs.push(await theirs(broker.port, qos, messages));
    }
    const [a, b] = [median(rates.ours), median(rates.theirs)];
    console.log(
      `QoS ${qos}: ${a.toFixed(0)} msg/s, mosquitto_pub -l ${b.toFixed(0)} msg/s, ratio ${(a / b).toFixed(2)}`,
    );
  }
}

if (import.meta.main) await main(Number(Deno.args[0] ?? 200_000));
