/**
 * `deno task test`: makes sure of Mosquitto, runs the tests and the examples in doc comments,
 * prints the line coverage of `src/`, and ends with `N passed, N failed` on the last line.
 * Arguments go to `deno test`: paths, `--filter`, `--fail-fast` …
 *
 * `--executable FILE` runs the tests of the program as a process, and starts FILE in place of the source.
 *
 * With `REQUIRE_MOSQUITTO=1` no test may be left out.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { coverageByFolder, coverageTable } from "./coverage.ts";
import { readOutcome, type TestOutcome } from "./test_report.ts";
import { BROKER_TOOLS, ensureTools, searchPath } from "./tools.ts";

const NOTHING_LEFT_OUT = Deno.env.get("REQUIRE_MOSQUITTO") === "1";
const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** The program as a process: what it must do within a time, it does so only where it has a processor. */
const PROCESS_TESTS = "tests/process";
/** Files of tests that run at a time, for each processor: most of them wait. */
const FILES_PER_PROCESSOR = 2;

type Run = TestOutcome & { readonly code: number };

/** Runs Deno in the project and resolves to its exit code. */
async function deno(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const around = { cwd: ROOT, env: { PATH: searchPath(), ...env }, stdin: "null" } as const;
  return (await new Deno.Command(Deno.execPath(), { ...around, args: [...args] }).spawn().status).code;
}

/** Runs tests, which are shown, and says how they ended. */
async function runTests(scratch: string, args: readonly string[], filesPerProcessor = 1): Promise<Run> {
  const report = await Deno.makeTempFile({ dir: scratch });
  const options = ["--allow-all", "--no-check", "--parallel", `--junit-path=${report}`];
  const files = Deno.env.get("DENO_JOBS") ?? String(filesPerProcessor * navigator.hardwareConcurrency);
  const code = await deno(["test", ...options, ...args], { DENO_JOBS: files });
  return { ...readOutcome(await Deno.readTextFile(report)), code };
}

/** Prints the coverage of `src/`, leaves its details in `coverage/`, and resolves to whether it is enough. */
async function reportCoverage(profile: string, ...more: readonly string[]): Promise<boolean> {
  await Deno.mkdir(`${ROOT}coverage`, { recursive: true });
  const lcov = `${ROOT}coverage/lcov.info`;
  await Deno.writeTextFile(lcov, ""); // where nothing of src/ ran, nothing is written
  const options = ["--quiet", `--include=^file://${ROOT}src/`, "--lcov", `--output=${lcov}`];
  const command = new Deno.Command(Deno.execPath(), { cwd: ROOT, args: ["coverage", ...options, ...more, profile] });
  const { code, stderr } = await command.output();
  const folders = coverageByFolder(await Deno.readTextFile(lcov), `${ROOT}src/`);
  if (folders.size === 0) {
    console.log("line coverage of src/: nothing of it ran\n");
    return false;
  }
  if (code !== 0) console.error(new TextDecoder().decode(stderr));
  console.log(`line coverage of src/ (by line: coverage/lcov.info)\n${coverageTable(folders)}\n`);
  return code === 0;
}

/** Prints how it all went, the count last, and returns the exit code. */
function conclude(runs: readonly Run[], problems: string[]): number {
  const passed = runs.reduce((sum, run) => sum + run.passed, 0);
  let failed = runs.reduce((sum, run) => sum + run.failed, 0);
  for (const { code } of runs) if (code !== 0) problems.push(`deno test ended with ${code}`);
  // What does not compile, or throws outside of its tests, is in no report.
  if (failed === 0 && runs.some(({ code }) => code !== 0)) failed = 1;
  if (passed + failed === 0) problems.push("no test ran");

  const ignored = runs.flatMap((run) => run.ignored);
  if (NOTHING_LEFT_OUT && ignored.length > 0) problems.push(`${ignored.length} left out, though none may be`);

  for (const name of ignored) console.log(`left out: ${name}`);
  for (const problem of problems) console.log(`problem: ${problem}`);
  console.log(`${passed} passed, ${failed} failed`);
  return problems.length === 0 ? 0 : 1;
}

async function test(scratch: string, args: readonly string[]): Promise<number> {
  const profile = `${scratch}/coverage`;
  const measured = [`--coverage=${profile}`, "--coverage-raw-data-only"];
  if (args.length > 0) {
    const run = await runTests(scratch, [...measured, ...args]);
    await reportCoverage(profile, "--threshold=0"); // a part of the tests covers a part of the source
    return conclude([run], []);
  }
  const runs = [
    await runTests(scratch, [...measured, `--ignore=${PROCESS_TESTS}`, "tests"], FILES_PER_PROCESSOR),
    await runTests(scratch, [...measured, PROCESS_TESTS]),
    await runTests(scratch, [...measured, "--doc", "src"]),
  ];
  return conclude(runs, await reportCoverage(profile) ? [] : ["line coverage is below what deno.json demands"]);
}

async function main(args: readonly string[]): Promise<number> {
  const missing = await ensureTools(BROKER_TOOLS);
  if (missing.length > 0) {
    const packages = missing.map((tool) => tool.debianPackage).join(" ");
    console.log(`Tests against Mosquitto are left out; for them install: ${packages}\n`);
  }
  const scratch = await Deno.makeTempDir({ prefix: "bt-scanner-tests-" });
  try {
    if (args[0] !== "--executable") return await test(scratch, args);
    Deno.env.set("TEST_EXECUTABLE", await Deno.realPath(args[1] ?? ""));
    return conclude([await runTests(scratch, [...args.slice(2), PROCESS_TESTS])], []);
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

if (import.meta.main) {
  const args = Deno.args[0] === "--" ? Deno.args.slice(1) : Deno.args;
  Deno.exit(await main(args));
}
