import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import plugin from "../../scripts/lint_clock.ts";
import { test } from "../support/test.ts";

/** What the plugin says about `source` as the file `path` of this project. */
function lint(path: string, source: string): string[] {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return Deno.lint.runPlugin(plugin, file, source).map((diagnostic) => diagnostic.message);
}

for (
  const [source, what] of [
    ["const now = Date.now();", "Date.now"],
    ["const clock = { wallMs: Date.now };", "Date.now"],
    ["const at = new Date();", "new Date()"],
    ["const text = Date();", "Date()"],
    ["const now = performance.now();", "performance.now"],
    ["const start = performance.timeOrigin;", "performance.timeOrigin"],
    ["const now = process.hrtime.bigint();", "process.hrtime"],
    ["const now = Temporal.Now.instant();", "Temporal.Now"],
  ] as const
) {
  test(`lint_clock reports ${JSON.stringify(source)} outside src/time`, () => {
    const message = `${what} is for src/time; take the time from a Clock that is passed in`;
    for (const path of ["src/agent/a.ts", "src/main.ts", "src/timer/a.ts"]) {
      assert.deepEqual(lint(path, source), [message]);
    }
    for (const path of ["src/time/a.ts", "tests/a.ts", "scripts/a.ts"]) assert.deepEqual(lint(path, source), []);
  });
}

test("lint_clock accepts dates of a given time, and the time of a clock that is passed in", () => {
  assert.deepEqual(lint("src/agent/a.ts", "const at = new Date(clock.wallMs()); Date.parse(text); clock.now();"), []);
});
