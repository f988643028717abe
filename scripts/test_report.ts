/** How a run of `deno test` ended, in tests (their steps are not counted). */
export interface TestOutcome {
  readonly passed: number;
  readonly failed: number;
  /** Names of the tests that did not run, each with its file. */
  readonly ignored: readonly string[];
}

// deno-lint-ignore no-control-regex
const ANSI = /\x1b\[[0-9;]*m/g;
const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/;
const MODULE = /^running \d+ tests? from (.+)$/;
const IGNORED = /^\s*(.+) \.\.\. ignored \(/;

/**
 * Reads what `deno test` printed with its pretty reporter. A run that ended before its summary, as
 * when a module does not compile, is one failure.
 */
export function readOutcome(output: string): TestOutcome {
  let passed = 0;
  let failed = 1;
  let file = "";
  const ignored: string[] = [];
  for (const line of output.replaceAll(ANSI, "").split("\n")) {
    file = MODULE.exec(line)?.[1] ?? file;
    const name = IGNORED.exec(line)?.[1];
    if (name !== undefined) ignored.push(`${file} => ${name}`);
    // A test's own output may hold such a line; the runner's comes last.
    const summary = SUMMARY.exec(line);
    if (summary !== null) [passed, failed] = [Number(summary[1]), Number(summary[2])];
  }
  return { passed, failed, ignored };
}
