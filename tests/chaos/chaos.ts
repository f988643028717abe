/**
 * `deno task chaos [--repetitions N] [--short] [--only TEXT] [--vm amd64|arm64] [--lanes N]`: everything that can come
 * between agent and broker, with real Mosquitto and the agent as a real process: the source, or the executable that
 * `TEST_EXECUTABLE` names. Prints for each fault how soon the agent was back and what was lost, and ends with
 * `N passed, N failed` on the last line; exit code 1 where something failed.
 *
 * Each repetition has network namespaces of its own (Linux; root, or a kernel that lets users have them), so that real
 * packets get lost. Where there are none, everything runs on the loopback interface and the faults of the network are
 * left out, by name. `--vm` adds the faults of the adapter, which need a kernel of their own.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { searchPath } from "../../scripts/tools.ts";
import { ALL_FAULTS } from "./all_faults.ts";
import type { Fault } from "./faults.ts";
import { ISOLATED } from "./network.ts";
import { parseLine, problemsOf, type Result, seconds } from "./result.ts";
import { summarise } from "./table.ts";

const INFLICT = fileURLToPath(new URL("./inflict.ts", import.meta.url));
const VM_RUN = fileURLToPath(new URL("../vm/run", import.meta.url));
/** Beyond the time that the fault lasts. */
const TIMEOUT_MS = 150_000;
const VM_TIMEOUT_MS = 3_600_000;

/** One command that prints results. */
interface Job {
  readonly name: string;
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/** Runs a job and resolves to its results, of which there is at least one. */
async function run({ name, command, timeoutMs }: Job, stopped: AbortSignal): Promise<Result[]> {
  const [program = "", ...args] = command;
  const env = { NO_COLOR: "1", PATH: searchPath() };
  const process = new Deno.Command(program, { args, env, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const ended = new AbortController();
  const kill = AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)]);
  kill.addEventListener("abort", () => process.kill("SIGKILL"), { signal: ended.signal });
  const { code, stdout, stderr } = await process.output();
  ended.abort();
  const results = new TextDecoder().decode(stdout).split("\n").map(parseLine).filter((result) => result !== null);
  const failed = { fault: name, recoveryMs: null, lost: {}, goalMs: 0 };
  const why = new TextDecoder().decode(stderr).trim().split("\n").slice(0, 3).join(" ");
  if (code !== 0 || results.length === 0) results.push({ ...failed, problems: [`exit code ${code}: ${why}`] });
  for (const result of results) report(result);
  return results;
}

function report(result: Result): void {
  const problems = problemsOf(result);
  const back = result.recoveryMs === null ? "" : `, back after ${seconds(result.recoveryMs)} s`;
  console.log(
    `${problems.length === 0 ? "ok" : "FAILED"}  ${result.fault}${back}${
      problems.map((problem) => `; ${problem}`).join("")
    }`,
  );
}

/** Runs the jobs, so many at a time. */
async function runAll(jobs: readonly Job[], lanes: number, stopped: AbortSignal): Promise<Result[]> {
  const waiting = [...jobs];
  const results: Result[] = [];
  const lane = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      if (!stopped.aborted) results.push(...await run(job, stopped));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** Whether this machine lets us have namespaces, and has the program that makes networks. */
async function hasNamespaces(): Promise<boolean> {
  const [program = "", ...args] = [...ISOLATED, "ip", "link"];
  try {
    const env = { PATH: searchPath() };
    return (await new Deno.Command(program, { args, env, stdout: "null", stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A job for each repetition of each fault, those that last longest first. */
function jobsOf(faults: readonly Fault[], repetitions: number, isShort: boolean, isIsolated: boolean): Job[] {
  const holdS = ({ holdS: [short, long] }: Fault) => isShort ? short : long;
  const byLength = faults.toSorted((a, b) => holdS(b) - holdS(a));
  return Array.from({ length: repetitions }, () => byLength).flat().map((fault) => ({
    name: fault.name,
    command: [
      ...isIsolated ? ISOLATED : [],
      // Else each start lays out node_modules afresh, while others are reading it.
      ...[
        Deno.execPath(),
        "run",
        "--node-modules-dir=manual",
        "--allow-all",
        "--no-check",
        INFLICT,
        fault.name,
        String(holdS(fault)),
      ],
      ...isIsolated ? ["--network"] : [],
    ],
    timeoutMs: holdS(fault) * 1_000 + fault.goalMs + TIMEOUT_MS,
  }));
}

/** Runs it all and resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      repetitions: { type: "string" },
      short: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      vm: { type: "string" },
      lanes: { type: "string", default: String(2 * availableParallelism()) },
    },
  });
  const { short, only, vm } = values;
  const repetitions = Number(values.repetitions ?? (short ? 1 : 5));
  const isIsolated = await hasNamespaces();
  const wanted = ALL_FAULTS.filter(({ name }) => name.includes(only));
  const faults = wanted.filter(({ needsNetwork }) => isIsolated || !needsNetwork);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => stop.abort());
  const jobs = jobsOf(faults, repetitions, short, isIsolated);
  const results = await runAll(jobs, Number(values.lanes), stop.signal);
  if (vm !== undefined) {
    const command = ["env", `VM_ENV=REPETITIONS=${repetitions}`, VM_RUN, vm, "adapter_faults"];
    const job = { name: "adapter", command, timeoutMs: VM_TIMEOUT_MS };
    results.push(...await run(job, stop.signal));
  }
  console.log(`\n${summarise(results)}`);
  const growthKiB = Math.max(0, ...results.map(({ growthKiB = 0 }) => growthKiB));
  console.log(`private memory grew by ${growthKiB} KiB at most while a fault lasted`);
  const leftOut = wanted.filter((fault) => !faults.includes(fault));
  for (const { name } of leftOut) console.log(`left out, for lack of network namespaces: ${name}`);
  const failed = results.filter((result) => problemsOf(result).length > 0).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 && results.length > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
