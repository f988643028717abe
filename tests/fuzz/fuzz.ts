/**
 * `deno task fuzz --minutes N [--seed S] [--target NAME]`: hostile input of every kind, changed at
 * random and guided by the code that it reaches. What breaks a promise goes into
 * `tests/fuzz/corpus`; `--repeat FILE` executes it again. Says how many inputs were executed and how
 * much of the code they reached, and ends with `N passed, N failed`: targets without and with findings.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { coverageByFolder, coverageTable } from "../../scripts/coverage.ts";
import { Random } from "../../src/hci/simulated/random.ts";
import { run, runToEnd } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { writeFinding } from "./findings.ts";
import { type Finding, Fuzzer, type Target } from "./fuzzer.ts";
import { V8Guidance } from "./guidance.ts";
import { inputFromText, inputToText } from "./input.ts";
import { StrayErrors } from "./stray_errors.ts";
import { TARGETS } from "./targets/mod.ts";
import { Watchdog } from "./watchdog.ts";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
/** Targets take turns of so long, times their share. */
const TURN_MS = 500;

interface Run {
  readonly target: Target;
  readonly fuzzer: Fuzzer;
  readonly findings: Finding[];
}

async function fuzz(targets: readonly Target[], minutes: number, seed: number): Promise<Run[]> {
  using guidance = await V8Guidance.start();
  using watchdog = new Watchdog();
  using strays = new StrayErrors();
  const runs: Run[] = targets.map((target, i) => {
    const fuzzer = new Fuzzer(target, {
      random: new Random(seed + i),
      guidance,
      begin: (input) => watchdog.begin(target.name, input),
      stray: () => strays.take(),
    });
    return { target, fuzzer, findings: [] };
  });
  const endMs = performance.now() + minutes * 60_000;
  while (performance.now() < endMs) {
    for (const run of runs) await takeTurn(run, seed);
  }
  return runs;
}

async function takeTurn({ target, fuzzer, findings }: Run, seed: number): Promise<void> {
  const endMs = performance.now() + TURN_MS * target.share;
  while (performance.now() < endMs) {
    for (const finding of await fuzzer.round()) {
      findings.push(finding);
      const { name, message, stack } = finding.error;
      const path = writeFinding(target.name, finding.input, [`${name}: ${message}`.slice(0, 300), `--seed ${seed}`]);
      console.log(`FINDING in ${target.name}: ${stack ?? message}\n  repeat: deno task fuzz --repeat ${path}`);
    }
  }
}

/** Executes what was kept once more, in a process that counts lines; prints the coverage by folder. */
async function reportCoverage(runs: readonly Run[]): Promise<void> {
  await using folder = await TemporaryFolder.make();
  const [corpus, profile] = [`${folder.path}/corpus`, `${folder.path}/profile`];
  for (const { target, fuzzer } of runs) {
    await Deno.mkdir(`${corpus}/${target.name}`, { recursive: true });
    for (const [i, input] of fuzzer.corpus.entries()) {
      await Deno.writeTextFile(`${corpus}/${target.name}/${i}.hex`, inputToText(input));
    }
  }
  const again = runs.flatMap(({ target }) => ["--repeat", `${corpus}/${target.name}`]);
  await runToEnd(Deno.execPath(), ["run", "-A", `--coverage=${profile}`, fileURLToPath(import.meta.url), ...again]);
  const lcov = await run(Deno.execPath(), "coverage", "--quiet", "--threshold=0", "--lcov", profile);
  console.log(`lines of src/ that were reached\n${coverageTable(coverageByFolder(lcov, SRC))}`);
}

/** Executes a file, or all files of a folder, on the target that the folder is named after. Returns the exit code. */
async function repeat(paths: readonly string[]): Promise<number> {
  const files = paths.flatMap((path) =>
    Deno.statSync(path).isFile ? [path] : [...Deno.readDirSync(path)].map(({ name }) => `${path}/${name}`)
  );
  let failed = 0;
  for (const file of files) {
    const target = TARGETS.find(({ name }) => file.split("/").at(-2) === name);
    if (target === undefined) throw new Error(`Cannot repeat ${file}: its folder names no target`);
    await target.execute(inputFromText(await Deno.readTextFile(file))).catch((error) => {
      failed++;
      console.log(`${file}: ${error.stack}`);
    });
  }
  console.log(`${files.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function report(runs: readonly Run[]): number {
  for (const { target, fuzzer, findings } of runs) {
    console.log(
      `${target.name}: ${fuzzer.executions} inputs, ${fuzzer.corpus.length} kept for what they reach, ` +
        `${findings.length} findings`,
    );
  }
  const total = runs.reduce((sum, { fuzzer }) => sum + fuzzer.executions, 0);
  const failed = runs.filter(({ findings }) => findings.length > 0).length;
  console.log(`${total} inputs in all\n${runs.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string", default: String(Date.now() % 2 ** 31) },
      target: { type: "string" },
      repeat: { type: "string", multiple: true },
    },
  });
  if (values.repeat !== undefined) return await repeat(values.repeat);
  if (!(Number(values.minutes) > 0)) throw new RangeError(`Cannot fuzz for ${values.minutes} min: it must be above 0`);
  const seed = Number(values.seed);
  const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
  if (targets.length === 0) throw new RangeError(`Cannot fuzz ${values.target}: there is no such target`);
  console.log(`fuzzing ${targets.map(({ name }) => name).join(", ")} for ${values.minutes} min, --seed ${seed}`);
  const runs = await fuzz(targets, Number(values.minutes), seed);
  await reportCoverage(runs);
  return report(runs);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
