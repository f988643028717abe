/** How a run of `deno test` ended, in tests (their steps are not counted). */
export interface TestOutcome {
  readonly passed: number;
  readonly failed: number;
  /** Names of the tests and steps that did not run. */
  readonly ignored: readonly string[];
}

const CASE = /<testcase name="([^"]*)"[^>]*>([^]*?)<\/testcase>/g;
/** Between the name of a test and that of its step. */
const STEP = " > ";

/** Reads the JUnit report that `deno test --junit-path` writes. */
export function readOutcome(junit: string): TestOutcome {
  const cases = [...junit.matchAll(CASE)].map(([, name = "", result = ""]) => ({ name: unescaped(name), result }));
  const names = new Set(cases.map(({ name }) => name));
  let passed = 0;
  let failed = 0;
  const ignored: string[] = [];
  for (const { name, result } of cases) {
    if (result.includes("<skipped")) ignored.push(name);
    else if (isStep(name, names)) continue;
    else if (/<failure|<error/.test(result)) failed++;
    else passed++;
  }
  return { passed, failed, ignored };
}

function isStep(name: string, names: ReadonlySet<string>): boolean {
  const parts = name.split(STEP);
  return parts.some((_, count) => count > 0 && names.has(parts.slice(0, count).join(STEP)));
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescaped(text: string): string {
  return text.replaceAll(/&(\w+);/g, (whole, name) => ENTITIES[name] ?? whole);
}
