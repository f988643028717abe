import assert from "node:assert/strict";
import fc from "fast-check";
import type { ScanFeatures } from "../../src/scanner_hci/scan_parameters.ts";
import { ScanPlan } from "../../src/scanner_hci/scan_plan.ts";
import { test } from "../support/test.ts";

const CODED: ScanFeatures = { extended: true, codedPhy: true };
const EXTENDED: ScanFeatures = { extended: true, codedPhy: false };
const LEGACY: ScanFeatures = { extended: false, codedPhy: false };

/** Which of so many silent runs use the legacy commands. */
function legacyRuns(plan: ScanPlan, runs: number): number[] {
  return Array.from({ length: runs }, (_, run) => {
    const isLegacy = !plan.current.extended;
    plan.silent();
    return isLegacy ? [run] : [];
  }).flat();
}

test("ScanPlan begins with all that is claimed and goes down refusal by refusal, then begins anew", () => {
  const plan = new ScanPlan("auto", CODED);
  const seen: unknown[] = [];
  for (let i = 0; i < 3; i++) seen.push(plan.current, plan.refused(0x01));
  assert.deepEqual(seen, [CODED, "next", EXTENDED, "next", LEGACY, "give up"]);
  assert.deepEqual(plan.current, CODED);
});

test("ScanPlan never leaves the commands that the configuration requires", () => {
  const required = new ScanPlan(true, CODED);
  assert.equal(required.refused(0x12), "next");
  assert.deepEqual(required.current, EXTENDED);
  assert.equal(required.refused(0x12), "give up");
  const forbidden = new ScanPlan(false, CODED);
  assert.equal(forbidden.refused(0x12), "give up");
  assert.deepEqual(forbidden.current, LEGACY);
  assert.deepEqual([required.silent(), forbidden.silent()], [false, false]);
});

test("ScanPlan believes Command Disallowed the third time, after the adapter was switched off and on", () => {
  const plan = new ScanPlan("auto", EXTENDED);
  assert.deepEqual([0x0c, 0x0c, 0x0c].map((status) => plan.refused(status)), ["again", "reset", "next"]);
  assert.deepEqual(plan.current, LEGACY);
  plan.refused(0x0c);
  plan.accepted();
  assert.equal(plan.refused(0x0c), "again");
});

test("ScanPlan takes nothing from extended commands that have brought something", () => {
  const plan = new ScanPlan("auto", EXTENDED);
  plan.heard();
  assert.equal(plan.refused(0x01), "give up");
  assert.deepEqual(legacyRuns(plan, 1_000), []);
});

test("ScanPlan makes the run after a silent one legacy, and keeps it where that brings something", () => {
  const plan = new ScanPlan("auto", EXTENDED);
  assert.equal(plan.silent(), true);
  assert.deepEqual(plan.current, LEGACY);
  for (let i = 0; i < 100; i++) plan.heard();
  assert.deepEqual(plan.current, LEGACY);
});

test("ScanPlan gives extended commands one run more where the room was quiet, and believes the second silence", () => {
  const plan = new ScanPlan("auto", EXTENDED);
  plan.silent();
  assert.deepEqual([plan.endsQuiet(9_999), plan.endsQuiet(10_000)], [false, true]);
  plan.heard();
  plan.tryExtended();
  assert.deepEqual(plan.current, EXTENDED);
  assert.equal(plan.endsQuiet(10_000), false);
  plan.silent();
  assert.deepEqual(plan.current, LEGACY);
  assert.equal(plan.endsQuiet(60_000), false);
});

test("ScanPlan ends no run for extended commands that are refused or not wanted", () => {
  const refused = new ScanPlan("auto", EXTENDED);
  refused.refused(0x01);
  for (const plan of [refused, new ScanPlan(false, EXTENDED), new ScanPlan("auto", LEGACY)]) {
    assert.equal(plan.endsQuiet(60_000), false);
  }
});

test("ScanPlan alternates ever more rarely in a quiet room", () => {
  const plan = new ScanPlan("auto", EXTENDED);
  const legacy = new Set(legacyRuns(plan, 1_440));
  const turns = Array.from({ length: 1_440 }, (_, run) => run).filter((run) =>
    run > 0 && legacy.has(run) !== legacy.has(run - 1)
  );
  assert.deepEqual(turns, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]);
});

test("ScanPlan tries extended commands for a single run now and then, once legacy ones were heard", () => {
  const plan = new ScanPlan("auto", EXTENDED);
  plan.silent();
  plan.heard();
  const legacy = legacyRuns(plan, 100);
  const extended = Array.from({ length: 100 }, (_, run) => run).filter((run) => !legacy.includes(run));
  assert.ok(extended.length >= 3 && extended.length <= 7, `${extended}`);
  for (const run of extended) assert.ok(legacy.includes(run - 1) && legacy.includes(run + 1), `${extended}`);
});

test("ScanPlan tries what was refused again after the adapter was switched off and on", () => {
  const plan = new ScanPlan("auto", CODED);
  plan.refused(0x01);
  plan.refused(0x01);
  plan.reset();
  assert.deepEqual(plan.current, CODED);
  plan.refused(0x01);
  plan.refused(0x01);
  plan.heard();
  plan.reset();
  assert.deepEqual(plan.current, LEGACY);
});

test("ScanPlan always has a way that is claimed and allowed, whatever happens", () => {
  const happening = fc.oneof(
    fc.constantFrom("silent", "heard", "accepted", "reset"),
    fc.constantFrom(0x01, 0x0c, 0x12),
  );
  const anything = fc.record({
    wanted: fc.constantFrom("auto", true, false),
    extended: fc.boolean(),
    codedPhy: fc.boolean(),
    happenings: fc.array(happening, { maxLength: 50 }),
  });
  fc.assert(fc.property(anything, ({ wanted, extended, codedPhy, happenings }) => {
    const plan = new ScanPlan(wanted as "auto" | boolean, { extended, codedPhy });
    let refusals = 0;
    for (const what of happenings) {
      if (typeof what !== "number") plan[what as "silent" | "heard" | "accepted" | "reset"]();
      else refusals = plan.refused(what) === "give up" ? 0 : refusals + 1;
      if (typeof what !== "number") refusals = 0;
      assert.ok(refusals <= 9, "it never gives up");
      const { current } = plan;
      if (wanted !== "auto") assert.equal(current.extended, wanted);
      else if (!extended) assert.equal(current.extended, false);
      if (!codedPhy || !current.extended) assert.equal(current.codedPhy, false);
    }
  }));
});
