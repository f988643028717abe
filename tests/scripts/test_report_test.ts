import assert from "node:assert/strict";
import { readOutcome } from "../../scripts/test_report.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";

/** The report of this runtime on a file of tests, and on another one that has none. */
async function reported(tests: string): Promise<string> {
  await using folder = await TemporaryFolder.make();
  await folder.write("a_test.ts", tests);
  await folder.write("b_test.ts", "");
  const args = ["test", "--no-config", "--no-check", "--parallel", "--junit-path=report.xml"];
  await new Deno.Command(Deno.execPath(), { args, cwd: folder.path }).output();
  return await Deno.readTextFile(`${folder.path}/report.xml`);
}

test("readOutcome() counts what this runtime reports, and not what a test prints", async () => {
  const report = await reported(`
    Deno.test("good <&'\\">", () => console.log('<testcase name="printed"></testcase>'));
    Deno.test("left > out <&", { ignore: true }, () => {});
    Deno.test("bad", () => { throw new Error('<testcase name="thrown"></testcase>'); });`);
  assert.deepEqual(readOutcome(report), { passed: 1, failed: 1, ignored: ["left > out <&"] });
});

test("readOutcome() counts no steps, but names those that were left out", async () => {
  const report = await reported(`
    Deno.test("first > with an arrow", async (t) => {
      await t.step("good", (t) => t.step("deeper", () => {}));
      await t.step({ name: "left out", ignore: true, fn() {} });
    });
    Deno.test("second", (t) => t.step("bad", () => { throw new Error("on purpose"); }));`);
  assert.deepEqual(readOutcome(report), { passed: 1, failed: 1, ignored: ["first > with an arrow > left out"] });
});

test("readOutcome() takes tests for failed that an uncaught error kept from running", async () => {
  const report = await reported(`
    Deno.test("good", () => {});
    Deno.test("bad", async () => {
      queueMicrotask(() => { throw new Error("on purpose"); });
      await new Promise((resolve) => setTimeout(resolve, 10));
    });
    Deno.test("never begun", () => {});`);
  assert.deepEqual(readOutcome(report), { passed: 1, failed: 2, ignored: [] });
});

test("readOutcome() finds nothing in an empty report", () => {
  assert.deepEqual(readOutcome(""), { passed: 0, failed: 0, ignored: [] });
});
