/**
 * `deno task test`: makes sure of Mosquitto, runs the tests and the examples in doc comments,
 * prints the line coverage of `src/`, and ends with `N passed, N failed` on the last line.
 * Arguments go to `deno test`: paths, `--filter`, `--fail-fast` …
 *
 * `--executable FILE` runs the integration tests that start the agent as a process, and starts FILE in
 * place of the source.
 *
 * With `REQUIRE_MOSQUITTO=1` no test may be left out.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { coverageByFolder, coverageTable, percent, totalCoverage } from "./coverage.ts";
import { readOutcome, type TestOutcome } from "./test_report.ts";
import { BROKER_TOOLS, ensureTools, searchPath } from "./tools.ts";

const LEAST_COVERAGE_PERCENT = 90;
const NOTHING_LEFT_OUT = Deno.env.get("REQUIRE_MOSQUITTO") === "1";
const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Runs Deno in the project and resolves to its exit code and what it wrote to stdout, also shown if `show`. */
async function deno(args: readonly string[], show: boolean): Promise<{ code: number; stdout: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { PATH: searchPath() },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  let stdout = "";
  for await (const chunk of child.stdout) {
    stdout += decoder.decode(chunk, { stream: true });
    if (show) await writeAll(chunk);
  }
  return { code: (await child.status).code, stdout };
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}

/** Prints the coverage of `src/`, leaves its details in `coverage/`, and returns it in percent. */
async function reportCoverage(profile: string): Promise<number> {
  const { stdout } = await deno(["coverage", "--quiet", "--lcov", profile], false);
  const folders = coverageByFolder(stdout, `${ROOT}src/`);
  await Deno.mkdir(`${ROOT}coverage`, { recursive: true });
  await Deno.writeTextFile(`${ROOT}coverage/lcov.info`, stdout);
  console.log(`line coverage of src/ (by line: coverage/lcov.info)\n${coverageTable(folders)}\n`);
  return percent(totalCoverage(folders.values()));
}

/** Runs tests, shows them, and says how they ended. */
async function runTests(profile: string, args: readonly string[]): Promise<TestOutcome & { readonly code: number }> {
  const options = ["--allow-all", "--no-check", `--coverage=${profile}`, "--coverage-raw-data-only"];
  const { code, stdout } = await deno(["test", ...options, ...args], true);
  return { ...readOutcome(stdout), code };
}

/** Prints how it all went, the count last, and returns the exit code. */
function conclude(runs: ReadonlyArray<TestOutcome & { readonly code: number }>, problems: string[]): number {
  const passed = runs.reduce((sum, run) => sum + run.passed, 0);
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  for (const { code } of runs) if (code !== 0) problems.push(`deno test ended with ${code}`);
  if (passed + failed === 0) problems.push("no test ran");

  const ignored = runs.flatMap((run) => run.ignored);
  if (NOTHING_LEFT_OUT && ignored.length > 0) problems.push(`${ignored.length} left out, though none may be`);

  for (const name of ignored) console.log(`left out: ${name}`);
  for (const problem of problems) console.log(`problem: ${problem}`);
  console.log(`${passed} passed, ${failed} failed`);
  return problems.length === 0 ? 0 : 1;
}

/** The integration tests that start the agent as a process. */
async function processTests(): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(`${ROOT}tests/integration`)) {
    const path = `tests/integration/${name}`;
    if (name.endsWith("_test.ts") && (await Deno.readTextFile(ROOT + path)).includes("/program.ts")) found.push(path);
  }
  return found.sort();
}

/** Runs the tests that start the agent as a process against an executable; the other arguments go to `deno test`. */
async function testExecutable(file: string, args: readonly string[]): Promise<number> {
  Deno.env.set("TEST_EXECUTABLE", await Deno.realPath(file));
  const { code, stdout } = await deno(["test", "--allow-all", "--no-check", ...args, ...await processTests()], true);
  return conclude([{ ...readOutcome(stdout), code }], []);
}

async function main(args: readonly string[]): Promise<number> {
  const missing = await ensureTools(BROKER_TOOLS);
  if (missing.length > 0) {
    const packages = missing.map((tool) => tool.debianPackage).join(" ");
    console.log(`Tests against Mosquitto are left out; for them install: ${packages}\n`);
  }
  if (args[0] === "--executable") return await testExecutable(args[1] ?? "", args.slice(2));
  const profile = await Deno.makeTempDir({ prefix: "bt-scanner-coverage-" });
  try {
    if (args.length > 0) {
      const run = await runTests(profile, args);
      await reportCoverage(profile);
      return conclude([run], []);
    }
    const runs = [await runTests(profile, ["tests"]), await runTests(profile, ["--doc", "src"])];
    const enough = await reportCoverage(profile) >= LEAST_COVERAGE_PERCENT;
    return conclude(runs, enough ? [] : [`line coverage is below ${LEAST_COVERAGE_PERCENT} %`]);
  } finally {
    await Deno.remove(profile, { recursive: true });
  }
}

if (import.meta.main) {
  const args = Deno.args[0] === "--" ? Deno.args.slice(1) : Deno.args;
  Deno.exit(await main(args));
}
