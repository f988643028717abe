import assert from "node:assert/strict";
import { Random } from "../../src/hci/simulated/random.ts";
import type { Counts } from "../support/counts.ts";
import { test } from "../support/test.ts";
import { planFaults } from "./faults.ts";
import { describe, plotSoak } from "./figures.ts";
import type { SoakRecord } from "./record.ts";
import { exitCodeOf, judge, type Verdict } from "./verdict.ts";

const COUNTS: Omit<Counts, "atS"> = {
  received: 0,
  published: 0,
  dropped_offline: 0,
  dropped_backpressure: 0,
  dropped_rate_limited: 0,
  dropped_unacknowledged: 0,
  filtered: 0,
  filtered_by: {},
  invalid: 0,
  in_flight: 0,
  malformed_structures: 0,
  missed: 0,
};

const GROWTH = "memory does not grow by more than 1024 KiB an hour";

/** An hour in which all went well; memory grows by `kibPerHour`, and its heap breathes by `breathKib`. */
function record(changes: Partial<SoakRecord> = {}, kibPerHour = 0, breathKib = 7): SoakRecord {
  return {
    seed: 1,
    minutes: 60,
    reportsPerSecond: 100,
    devices: 10,
    memory: Array.from({ length: 720 }, (_, i) => ({
      atS: 5 * i,
      rssKiB: 60_000,
      privateKiB: 21_000 + breathKib * (i % 50) / 50 + kibPerHour * i / 720,
    })),
    counts: Array.from({ length: 3_600 }, (_, i) => ({
      ...COUNTS,
      atS: i,
      received: 100 * i + 1,
      published: 100 * i,
      in_flight: 1,
    })),
    faults: [{ kind: "broker killed", atS: 100, lastedS: 10, recoveredAfterS: 2 }],
    subscriber: { messages: 359_850, addresses: 100_000, broken: 0, examples: [] },
    exitCode: 0,
    ...changes,
  };
}

function failures(changes: Partial<SoakRecord>, kibPerHour = 0): string[] {
  return namesOf("failed", judge(record(changes, kibPerHour)));
}

function namesOf(wanted: Verdict, checks: ReturnType<typeof judge>): string[] {
  return checks.filter(({ verdict }) => verdict === wanted).map(({ name }) => name);
}

test("judge() has nothing against a run in which all went well", () => {
  assert.deepEqual(failures({}), []);
  assert.ok(judge(record()).length >= 7);
});

test("judge() finds a report that is not accounted for, once in an hour", () => {
  const counts = record().counts.map((each) => each.atS === 1_800 ? { ...each, invalid: 1 } : each);
  assert.deepEqual(failures({ counts }), ["every report is accounted for, each second"]);
  assert.deepEqual(failures({ counts: [] }).length, 2);
});

test("judge() finds growth that is certain, and passes what is certainly less", () => {
  assert.deepEqual(failures({}, 2_700), [GROWTH]);
  assert.equal(exitCodeOf(judge(record({}, 2_700))), 1);
  assert.deepEqual(namesOf("passed", judge(record({}, 900))).includes(GROWTH), true);
  assert.equal(exitCodeOf(judge(record({}, 900))), 0);
});

test("judge() is inconclusive where the confidence interval holds the growth and none", () => {
  for (const kibPerHour of [0, 1_500]) {
    const checks = judge(record({}, kibPerHour, 20_000));
    assert.deepEqual(namesOf("inconclusive", checks), [GROWTH], checks.map(({ detail }) => detail).join("\n"));
    assert.deepEqual(namesOf("failed", checks), []);
    assert.equal(exitCodeOf(checks), 3);
  }
});

test("judge() is inconclusive about the memory of a short run, and what else failed still fails", () => {
  const memory = record({}, 100_000).memory.slice(0, 200);
  assert.deepEqual(namesOf("inconclusive", judge(record({ memory }))), [GROWTH]);
  assert.equal(exitCodeOf(judge(record({ memory }))), 3);
  assert.equal(exitCodeOf(judge(record({ memory, exitCode: null }))), 1);
});

test("judge() finds an agent that ended by itself, or stood still while nobody had frozen it", () => {
  assert.deepEqual(failures({ exitCode: null }), ["the agent ends when it is told to, not before"]);
  const counts = record().counts.filter(({ atS }) => atS < 500 || atS > 520);
  assert.deepEqual(failures({ counts }), ["the agent never stands still"]);
  const frozen = { kind: "agent frozen", atS: 501, lastedS: 18, recoveredAfterS: 1 } as const;
  assert.deepEqual(
    failures({ counts, faults: [frozen], subscriber: { ...record().subscriber, messages: 359_900 } }),
    [],
  );
});

test("judge() compares what arrived with what was published", () => {
  const arrived = (messages: number) => failures({ subscriber: { ...record().subscriber, messages } });
  assert.deepEqual(arrived(359_900), []);
  assert.deepEqual(arrived(359_800), [], "a killed broker takes what is in flight along");
  assert.deepEqual(arrived(359_799), ["the subscriber has what the agent says it has published"]);
  assert.deepEqual(arrived(359_901), ["the subscriber has what the agent says it has published"]);
});

test("judge() finds messages that break the contract, and faults that nothing came after", () => {
  const subscriber = { ...record().subscriber, broken: 1, examples: ["x {}"] };
  assert.deepEqual(failures({ subscriber }), ["every message that arrived keeps the contract"]);
  const faults = [{ kind: "link dead", atS: 3, lastedS: 1, recoveredAfterS: null }] as const;
  assert.deepEqual(failures({ faults, subscriber: { ...record().subscriber, messages: 359_900 } }), [
    "messages arrive again after every fault",
  ]);
});

test("planFaults() plans every kind, the same for the same numbers", () => {
  const plan = (seed: number) => {
    const numbers = new Random(seed);
    const faults = planFaults(() => numbers.below(1_000) / 1_000);
    return Array.from({ length: 20 }, () => faults.next().value);
  };
  assert.deepEqual(plan(1), plan(1));
  assert.notDeepEqual(plan(1), plan(2));
  assert.equal(new Set(plan(1).map(({ kind }) => kind)).size, 5);
  for (const { afterS, lastsS } of plan(1)) assert.ok(afterS >= 10 && lastsS >= 0.5);
});

test("describe() and plotSoak() show what was measured", () => {
  const lines = describe(record()).join("\n");
  assert.match(lines, /private memory: -?[01] KiB an hour, 95 % confidence .* from 600 s on \(20 block averages/);
  assert.match(lines, /broker killed: 1, messages again after 2\.0 s/);
  assert.match(plotSoak(record()), /Memory of the agent[^]*broker killed/);
});
