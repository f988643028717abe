import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "../support/test.ts";
import { formatLine, parseLine, problemsOf, type Result } from "./result.ts";
import { summarise } from "./table.ts";

const result = (changes: Partial<Result> = {}): Result => ({
  fault: "restarted",
  recoveryMs: 1_234,
  lost: {},
  goalMs: 10_000,
  problems: [],
  ...changes,
});

test("parseLine() reads what formatLine() wrote", () => {
  const written = result({ lost: { dropped_offline: 3 }, growthKiB: 12, problems: ["no will"] });
  deepEqual(parseLine(formatLine(written)), written);
});

test("parseLine() reads what a case in a virtual machine prints, behind what else its console says", () => {
  const line = '[   12.3] chaos: {"fault":"adapter unplugged","recoveryMs":8000,"lost":{"missed":2}}';
  deepEqual(parseLine(line), result({ fault: "adapter unplugged", recoveryMs: 8_000, lost: { missed: 2 } }));
});

test("parseLine() passes by everything else", () => {
  equal(parseLine("ok | 3 passed"), null);
  equal(parseLine("chaos: begins"), null);
});

test("problemsOf() finds a recovery that took too long, or did not come, besides what was found before", () => {
  deepEqual(problemsOf(result()), []);
  deepEqual(problemsOf(result({ recoveryMs: 10_001, goalMs: 10_000 })), ["back after 10.0 s, 10.0 s allowed"]);
  deepEqual(problemsOf(result({ recoveryMs: null, problems: ["exit code 1"] })), ["not back", "exit code 1"]);
});

test("summarise() shows least, median and most, and averages of what was lost", () => {
  const times = [3_000, 1_000, 2_000];
  const table = summarise([
    ...times.map((recoveryMs) => result({ recoveryMs, lost: { dropped_offline: recoveryMs, missed: 0 } })),
    result({ fault: "frozen", recoveryMs: null }),
  ]);
  const [head = "", rule = "", restarted = "", frozen = ""] = table.split("\n");
  match(head, /fault +\| times \| back after/);
  match(rule, /^[|\s-]+$/);
  match(restarted, /restarted +\| 3 +\| 1.0 s +\| 2.0 s +\| 3.0 s +\| 10.0 s +\| dropped_offline 2000 +\| ok/);
  match(frozen, /frozen +\| 1 +\| never .*\| 1 failed/);
});
