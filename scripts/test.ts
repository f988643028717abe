/**
 * `deno task test`: makes sure of Mosquitto, runs the tests and the examples in doc comments,
 * prints the line coverage of `src/`, and ends with `N passed, N failed` on the last line.
 * Arguments go to `deno test`: paths, `--filter`, `--fail-fast` …
 *
 * With `REQUIRE_MOSQUITTO=1` no test may be left out, except one whose name says that it needs a
 * capture: not all are part of the repository.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { coverageByFolder, coverageTable, percent, totalCoverage } from "./coverage.ts";
import { readOutcome } from "./test_report.ts";
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

async function main(args: readonly string[]): Promise<number> {
  const missing = await ensureTools(BROKER_TOOLS);
  if (missing.length > 0) {
    const packages = missing.map((tool) => tool.debianPackage).join(" ");
    console.log(`Tests against Mosquitto are left out; for them install: ${packages}\n`);
  }
  const profile = await Deno.makeTempDir({ prefix: "bt-scanner-coverage-" });
  try {
    const options = ["--allow-all", "--no-check", "--doc", `--coverage=${profile}`, "--coverage-raw-data-only"];
    const run = await deno(["test", ...options, ...args], true);
    const outcome = readOutcome(run.stdout);
    const coveragePercent = await reportCoverage(profile);

    const problems = [];
    if (run.code !== 0) problems.push(`deno test ended with ${run.code}`);
    if (outcome.passed + outcome.failed === 0) problems.push("no test ran");
    if (args.length === 0 && coveragePercent < LEAST_COVERAGE_PERCENT) {
      problems.push(`line coverage is below ${LEAST_COVERAGE_PERCENT} %`);
    }
    for (const name of outcome.ignored) console.log(`left out: ${name}`);
    const { length } = outcome.ignored.filter((name) => !/\bcapture|\.btsnoop\b/.test(name));
    if (NOTHING_LEFT_OUT && length > 0) problems.push(`${length} of these must not be left out`);
    for (const problem of problems) console.log(`problem: ${problem}`);
    console.log(`${outcome.passed} passed, ${outcome.failed} failed`);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await Deno.remove(profile, { recursive: true });
  }
}

if (import.meta.main) {
  const args = Deno.args[0] === "--" ? Deno.args.slice(1) : Deno.args;
  Deno.exit(await main(args));
}
