import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/test.ts", import.meta.url));

/** Runs the command behind `deno task test` on one file of tests. */
async function runTests(
  tests: string,
  required: "0" | "1",
): Promise<{ code: number; lines: string[]; stderr: string }> {
  const folder = await Deno.makeTempDir({ prefix: "bt-scanner-test-" });
  try {
    await Deno.writeTextFile(`${folder}/some_test.ts`, tests);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", SCRIPT, "--", `${folder}/some_test.ts`],
      env: { REQUIRE_MOSQUITTO: required },
    }).output();
    const decoder = new TextDecoder();
    return { code, lines: decoder.decode(stdout).trimEnd().split("\n"), stderr: decoder.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const GOOD = `Deno.test("good", () => {});`;
const BAD = `Deno.test("bad", () => { throw new Error("on purpose"); });`;
const LEFT_OUT = `Deno.test("needs a broker", { ignore: true }, () => {});`;

test("the test command ends with the count, and with 0 where all tests passed", async () => {
  const { code, lines, stderr } = await runTests(GOOD, "1");
  assert.equal(lines.at(-1), "1 passed, 0 failed");
  assert.equal(code, 0);
  assert.ok(lines.includes("line coverage of src/: nothing of it ran"), lines.join("\n"));
  assert.doesNotMatch(stderr, /error/);
});

test("the test command fails where a test failed", async () => {
  const { code, lines } = await runTests(GOOD + BAD, "0");
  assert.equal(lines.at(-1), "1 passed, 1 failed");
  assert.equal(code, 1);
});

test("the test command counts a file that does not load as one that failed", async () => {
  const { code, lines } = await runTests(`import "./not_there.ts";`, "0");
  assert.equal(lines.at(-1), "0 passed, 1 failed");
  assert.equal(code, 1);
});

test("the test command fails where nothing ran", async () => {
  const { code, lines } = await runTests("", "0");
  assert.equal(lines.at(-1), "0 passed, 0 failed");
  assert.equal(code, 1);
});

test("the test command names what is left out, and fails for it where all is required", async () => {
  const relaxed = await runTests(GOOD + LEFT_OUT, "0");
  assert.equal(relaxed.lines.filter((line) => /^left out: .*needs a broker$/.test(line)).length, 1);
  assert.equal(relaxed.code, 0);

  const strict = await runTests(GOOD + LEFT_OUT, "1");
  assert.ok(strict.lines.includes("problem: 1 left out, though none may be"), strict.lines.join("\n"));
  assert.equal(strict.code, 1);
});

test("the test command does not ask of a part of the tests that it covers the whole source", async () => {
  const clock = new URL("../../src/time/clock.ts", import.meta.url);
  const { code, lines, stderr } = await runTests(`import "${clock}";\n${GOOD}`, "0");
  assert.ok(lines.some((line) => /^ +total +\d/.test(line)), lines.join("\n"));
  assert.doesNotMatch(stderr, /threshold/);
  assert.equal(code, 0);
});
