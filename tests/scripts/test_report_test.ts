import assert from "node:assert/strict";
import { readOutcome } from "../../scripts/test_report.ts";
import { test } from "../support/test.ts";

test("readOutcome() reads the summary, steps left aside", () => {
  const output = "FAILED | 1203 passed (4 steps) | 7 failed (1 step) | 1 ignored (1 step) | 2 filtered out (381ms)\n";
  assert.deepEqual(readOutcome(output), { passed: 1203, failed: 7, ignored: [] });
});

test("readOutcome() sees through colours", () => {
  const output = "\n\x1b[0m\x1b[32mok\x1b[0m | 2 passed | 0 failed \x1b[0m\x1b[38;5;245m(6ms)\x1b[0m\n";
  assert.deepEqual(readOutcome(output), { passed: 2, failed: 0, ignored: [] });
});

test("readOutcome() names what was ignored, with its file", () => {
  const output = [
    "running 2 tests from ./tests/a_test.ts",
    "Broker needs a broker ... ignored (0ms)",
    "decode() reads ... ok (2ms)",
    "running 1 test from ./tests/b_test.ts",
    "  a step ... ignored (0ms)",
    "",
    "ok | 1 passed | 0 failed | 1 ignored (1 step) (6ms)",
  ].join("\n");
  assert.deepEqual(readOutcome(output).ignored, [
    "./tests/a_test.ts => Broker needs a broker",
    "./tests/b_test.ts => a step",
  ]);
});

test("readOutcome() takes the runner's summary, not one that a test printed", () => {
  const output = "ok | 9 passed | 0 failed (1ms)\nFAILED | 1 passed | 2 failed (6ms)\n";
  assert.deepEqual(readOutcome(output), { passed: 1, failed: 2, ignored: [] });
});

test("readOutcome() counts a run without a summary as a failure", () => {
  assert.deepEqual(readOutcome("error: Type checking failed.\n"), { passed: 0, failed: 1, ignored: [] });
});

test("readOutcome() reads what this runtime prints", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/a_test.ts`,
      `Deno.test("good", () => {});
       Deno.test("left out", { ignore: true }, () => {});
       Deno.test("bad", () => { throw new Error("on purpose"); });`,
    );
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["test", "--no-config"], cwd: folder }).output();
    assert.deepEqual(readOutcome(new TextDecoder().decode(stdout)), {
      passed: 1,
      failed: 1,
      ignored: ["./a_test.ts => left out"],
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
