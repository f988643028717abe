/**
 * `deno task bench:backpressure [SECONDS]`: a broker that stops reading while the air gives 5,000 reports a second: how
 * late the event loop of the whole agent is, before, meanwhile and afterwards, and what becomes of the reports.
 */
// deno-lint-ignore-file no-console
import { run } from "../../src/app/run.ts";
import { loadConfig } from "../../src/config/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { readMemory } from "../support/memory.ts";
import { Mosquitto } from "../support/mosquitto.ts";
import { testHost } from "../support/test_host.ts";

const CALM_S = 10;
const PROBE_MS = 5;
const BROKER_CONFIG = "allow_anonymous true\nlistener {port} 127.0.0.1\nlog_type error";

/** Wakes all the time, and notes by how much too late. */
class LagProbe implements Disposable {
  #lagsMs: number[] = [];
  #dueMs = performance.now() + PROBE_MS;
  readonly #timer = setInterval(() => {
    const nowMs = performance.now();
    this.#lagsMs.push(Math.max(nowMs - this.#dueMs, 0));
    this.#dueMs = nowMs + PROBE_MS;
  }, PROBE_MS);

  /** What was noted since the last time, in milliseconds. */
  take(): string {
    const sorted = this.#lagsMs.toSorted((a, b) => a - b);
    this.#lagsMs = [];
    const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(1);
    return `lag p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} ms`;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** The last statistics among the lines of a JSON log. */
class LastStatistics {
  readonly #decoder = new TextDecoder();
  fields: Record<string, number> = {};

  write(bytes: Uint8Array): Promise<number> {
    for (const line of this.#decoder.decode(bytes).trimEnd().split("\n")) {
      const { event, fields } = JSON.parse(line);
      if (event === "statistics") this.fields = fields;
    }
    return Promise.resolve(bytes.length);
  }
}

function describe(before: Record<string, number>, now: Record<string, number>, seconds: number): string {
  const rates = ["received", "published", "dropped_backpressure", "dropped_offline"].map((key) => {
    return `${key} ${(((now[key] ?? 0) - (before[key] ?? 0)) / seconds).toFixed(0)}/s`;
  });
  return `${rates.join(", ")}, in_flight ${now.in_flight ?? 0}`;
}

async function measure(qos: 0 | 1, frozenS: number): Promise<void> {
  await using broker = await Mosquitto.start(BROKER_CONFIG);
  const flags = { scannerId: "s1", broker: `mqtt://127.0.0.1:${broker.port}`, qos: String(qos), logFormat: "json" };
  const simulation = { source: "simulate", simulateDevices: "10000", simulateRate: "5000" };
  const env = { BT_SCANNER_STATS_INTERVAL_S: "1" };
  const file = { file: null, readTextFile: Deno.readTextFile, hostname: () => null };
  const { config } = await loadConfig({ flags: { ...flags, ...simulation }, env, ...file });
  const log = new LastStatistics();
  const stop = new AbortController();
  using probe = new LagProbe();
  const phase = async (name: string, seconds: number) => {
    const before = log.fields;
    probe.take();
    await systemClock.sleep(seconds * 1000);
    const { privateKiB } = await readMemory(Deno.pid);
    console.log(`QoS ${qos}, ${name}: ${probe.take()}; private ${(privateKiB / 1024).toFixed(0)} MiB`);
    console.log(`  ${describe(before, log.fields, seconds)}`);
  };
  await phase("nothing runs yet", CALM_S / 2);
  const machine = { hostname: null, bootId: null };
  const readConfig = () => Promise.reject(new Error("nobody asks"));
  const process = {
    version: "0",
    machine,
    log,
    isJournal: false,
    onFault: () => {},
    onHangup: () => {},
    readConfig,
    digest: "",
    record: "",
  };
  const running = run(config, { ...testHost(), ...process }, stop.signal);
  await phase("start", CALM_S);
  await phase("as usual", CALM_S);
  broker.signal("SIGSTOP");
  await phase("broker frozen", frozenS);
  broker.signal("SIGCONT");
  await phase("broker back", CALM_S);
  stop.abort();
  await running;
}

if (import.meta.main) {
  const frozenS = Number(Deno.args[0] ?? 30);
  for (const qos of [0, 1] as const) await measure(qos, frozenS);
}
