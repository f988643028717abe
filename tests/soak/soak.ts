/**
 * `deno task soak --minutes N [--out FILE.svg] [--data FILE.json] [--seed S]`: the agent as a real
 * process, with real Mosquitto, a hundred reports a second, devices that change their addresses all
 * the time, malformed reports, bursts, and faults at random. Says what was measured, and ends with
 * `N passed, N failed` on the last line; exit code 1 where something failed, 3 where nothing did but
 * memory cannot be judged.
 *
 * `--rate N` reports a second of `--devices N`; `--data` takes all that was measured. `TEST_EXECUTABLE`
 * names an executable to soak instead of the source.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { parseArgs } from "node:util";
import { BROKER_TOOLS, ensureTools } from "../../scripts/tools.ts";
import { Random } from "../../src/hci/simulated/random.ts";
import { systemClock as clock } from "../../src/time/mod.ts";
import { countsOf } from "../support/counts.ts";
import { readMemory } from "../support/memory.ts";
import { type Fault, inflict, planFaults } from "./faults.ts";
import { describe, plotSoak } from "./figures.ts";
import type { SoakRecord } from "./record.ts";
import { Rig } from "./rig.ts";
import { exitCodeOf, judge, type Verdict } from "./verdict.ts";

const MEMORY_INTERVAL_MS = 5_000;
const PROGRESS_INTERVAL_MS = 60_000;
/** So long before the end there is no new fault. */
const CALM_END_MS = 15_000;

type Options = Pick<SoakRecord, "seed" | "minutes" | "reportsPerSecond" | "devices">;

async function soak(options: Options): Promise<SoakRecord> {
  await using rig = await Rig.start(options);
  const [startMs, startWallMs] = [clock.monotonicMs(), clock.wallMs()];
  const over = new AbortController();
  const ended = rig.agent.ended().finally(() => over.abort());
  Deno.addSignalListener("SIGINT", () => over.abort());
  const memory: SoakRecord["memory"][number][] = [];
  const faults: Fault[] = [];
  const work = [
    every(MEMORY_INTERVAL_MS, over.signal, async () => {
      memory.push({ atS: (clock.monotonicMs() - startMs) / 1000, ...await readMemory(rig.agent.pid) });
    }),
    every(PROGRESS_INTERVAL_MS, over.signal, () => {
      const { rssKiB = 0, privateKiB = 0, atS = 0 } = memory.at(-1) ?? {};
      console.log(
        `${(atS / 60).toFixed(0)} min: ${rig.tally.messages} messages, ${rig.tally.addresses} addresses, ` +
          `${faults.length} faults, RSS ${rssKiB} KiB, private ${privateKiB} KiB`,
      );
    }),
    injectFaults(rig, options, faults, startMs, over.signal),
  ];
  await clock.sleep(options.minutes * 60_000, over.signal).catch(() => {});
  over.abort();
  await Promise.all(work);
  const exitCode = await stop(rig, ended);
  const { messages, addresses, broken, examples } = rig.tally;
  const subscriber = { messages, addresses, broken, examples };
  return { ...options, memory, counts: countsOf(rig.agent.log, startWallMs), faults, subscriber, exitCode };
}

/** Acts at intervals until `signal` aborts. */
async function every(intervalMs: number, signal: AbortSignal, act: () => Promise<void> | void): Promise<void> {
  while (!signal.aborted) {
    await act();
    await clock.sleep(intervalMs, signal).catch(() => {});
  }
}

async function injectFaults(rig: Rig, options: Options, faults: Fault[], startMs: number, signal: AbortSignal) {
  const numbers = new Random(options.seed);
  const endMs = startMs + options.minutes * 60_000 - CALM_END_MS;
  for (const planned of planFaults(() => numbers.below(2 ** 32) / 2 ** 32)) {
    await clock.sleep(planned.afterS * 1000, signal).catch(() => {});
    if (signal.aborted || clock.monotonicMs() + planned.lastsS * 1000 > endMs) return;
    faults.push(await inflict(planned, rig, clock, startMs));
  }
}

/** Tells the agent to end, and lets the subscriber take what is under way. */
async function stop({ agent, tally }: Rig, ended: Promise<{ code: number }>): Promise<number | null> {
  const isRunning = !agent.log.some(({ event }) => event === "ended");
  if (isRunning) agent.kill("SIGTERM");
  const { code } = await ended;
  for (let before = -1; before !== tally.messages;) {
    before = tally.messages;
    await clock.sleep(1_000);
  }
  return isRunning ? code : null;
}

/** Says how it went; returns the exit code. */
function report(record: SoakRecord): number {
  const checks = judge(record);
  for (const line of describe(record)) console.log(line);
  for (const { name, verdict, detail } of checks) {
    console.log(`${verdict === "failed" ? "FAILED" : verdict}: ${name}: ${detail}`);
  }
  const count = (wanted: Verdict) => checks.filter(({ verdict }) => verdict === wanted).length;
  if (count("inconclusive") > 0) console.log(`${count("inconclusive")} inconclusive`);
  console.log(`${count("passed")} passed, ${count("failed")} failed`);
  return exitCodeOf(checks);
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      minutes: { type: "string", default: "5" },
      seed: { type: "string", default: String(Date.now() % 2 ** 32) },
      rate: { type: "string", default: "100" },
      devices: { type: "string", default: "10000" },
      out: { type: "string" },
      data: { type: "string" },
    },
  });
  const { minutes, seed, rate, devices } = values;
  const missing = await ensureTools(BROKER_TOOLS);
  if (missing.length > 0) {
    throw new Error(`Cannot soak: install ${missing.map((tool) => tool.debianPackage).join(", ")}`);
  }
  if (!(Number(minutes) > 0)) throw new RangeError(`Cannot soak for ${minutes} min: it must be a number above 0`);
  console.log(`soaking for ${minutes} min; --seed ${seed} repeats its faults and reports`);
  const record = await soak({
    seed: Number(seed),
    minutes: Number(minutes),
    reportsPerSecond: Number(rate),
    devices: Number(devices),
  });
  if (values.data !== undefined) await Deno.writeTextFile(values.data, JSON.stringify(record));
  if (values.out !== undefined) await Deno.writeTextFile(values.out, plotSoak(record));
  return report(record);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
