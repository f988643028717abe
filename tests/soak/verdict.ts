import { type Counts, lawHolds } from "../support/counts.ts";
import type { SoakRecord } from "./record.ts";
import { MAX_IN_FLIGHT } from "./rig.ts";
import { type Slope, slopeOf } from "./slope.ts";

/** Inconclusive: what was measured speaks neither for it nor against it; a longer run may. */
export type Verdict = "passed" | "failed" | "inconclusive";

/** One thing that a run has to show. */
export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  /** What was seen. */
  readonly detail: string;
}

/**
 * Growth that is certainly above this is a fault. The least that a program can keep by mistake is
 * one pointer a report: 8 bytes 360,000 times an hour, 2.7 MiB. An address kept in a Map, a closure
 * kept for each message, a buffer for each connection are all more.
 */
const MOST_GROWTH_KIB_PER_HOUR = 1024;
/** While the agent was not frozen itself. */
const MOST_SILENCE_S = 10;
/** Caches fill and the engine settles; of a short run a third. */
const WARM_UP_S = 600;
/** What is left of a shorter run says how the heap breathes, not whether it grows. */
const LEAST_JUDGED_S = 1_200;

/** How the process's own memory grew after the warm-up, in KiB; null: the run was too short to tell. */
export function memoryGrowth(
  { memory }: SoakRecord,
): (Slope & { readonly fromS: number; readonly overS: number }) | null {
  const endS = memory.at(-1)?.atS ?? 0;
  const fromS = Math.min(WARM_UP_S, endS / 3);
  const slope = slopeOf(
    memory.filter(({ atS }) => atS >= fromS).map(({ atS, privateKiB }) => ({ atS, value: privateKiB })),
  );
  return slope === null ? null : { ...slope, fromS, overS: endS - fromS };
}

/** 0: all passed, 1: something failed, 3: nothing failed, but something is inconclusive. */
export function exitCodeOf(checks: readonly Check[]): 0 | 1 | 3 {
  const verdicts = new Set(checks.map(({ verdict }) => verdict));
  return verdicts.has("failed") ? 1 : verdicts.has("inconclusive") ? 3 : 0;
}

/** Judges a run. */
export function judge(record: SoakRecord): Check[] {
  return [lawCheck(record), endCheck(record), silenceCheck(record), growthCheck(record), ...subscriberChecks(record)]
    .concat(recoveryCheck(record));
}

function lawCheck({ counts }: SoakRecord): Check {
  const wrong = counts.filter((each) => !lawHolds(each));
  const first = wrong[0] === undefined ? "" : `, first ${JSON.stringify(wrong[0])}`;
  return {
    name: "every report is accounted for, each second",
    verdict: verdictOf(counts.length > 0 && wrong.length === 0),
    detail: `${counts.length} statistics, ${wrong.length} wrong${first}`,
  };
}

function endCheck({ exitCode }: SoakRecord): Check {
  return {
    name: "the agent ends when it is told to, not before",
    verdict: verdictOf(exitCode === 0),
    detail: `exit code ${exitCode}`,
  };
}

function silenceCheck({ counts, faults }: SoakRecord): Check {
  const frozen = faults.filter(({ kind }) => kind === "agent frozen");
  const frozenS = (fromS: number, toS: number) =>
    frozen.reduce((sum, { atS, lastedS }) => sum + Math.max(0, Math.min(toS, atS + lastedS) - Math.max(fromS, atS)), 0);
  const gaps = counts.slice(1).map(({ atS }, i) => {
    const before = counts[i]?.atS ?? 0;
    return atS - before - frozenS(before, atS);
  });
  const longest = Math.max(0, ...gaps);
  return {
    name: "the agent never stands still",
    verdict: verdictOf(longest <= MOST_SILENCE_S),
    detail: `${longest.toFixed(1)} s at most between two statistics`,
  };
}

function growthCheck(record: SoakRecord): Check {
  const name = `memory does not grow by more than ${MOST_GROWTH_KIB_PER_HOUR} KiB an hour`;
  const growth = memoryGrowth(record);
  if (growth === null || growth.overS < LEAST_JUDGED_S) {
    return { name, verdict: "inconclusive", detail: "the run was too short to judge it" };
  }
  return { name, verdict: growthVerdict(growth), detail: describeGrowth(growth) };
}

/** An interval on both sides of the bound says neither that memory grows so nor that it does not. */
function growthVerdict({ lowPerHour, highPerHour }: Slope): Verdict {
  if (lowPerHour > MOST_GROWTH_KIB_PER_HOUR) return "failed";
  return highPerHour <= MOST_GROWTH_KIB_PER_HOUR ? "passed" : "inconclusive";
}

function verdictOf(holds: boolean): Verdict {
  return holds ? "passed" : "failed";
}

/** For people. */
export function describeGrowth(
  { perHour, lowPerHour, highPerHour, blocks, autocorrelation, fromS }: Slope & { fromS: number },
): string {
  const interval = `${lowPerHour.toFixed(0)} to ${highPerHour.toFixed(0)}`;
  return `${perHour.toFixed(0)} KiB an hour, 95 % confidence ${interval}, from ${fromS.toFixed(0)} s on ` +
    `(${blocks} block averages, autocorrelation ${autocorrelation.toFixed(2)})`;
}

/**
 * The subscriber has at least what was acknowledged, except for what a broker that was killed took
 * along; and more by what arrived though its acknowledgement got lost, which counts as dropped.
 */
function subscriberChecks({ subscriber, counts, faults }: SoakRecord): Check[] {
  const { published = 0, dropped_offline = 0 } = counts.at(-1) ?? {} as Partial<Counts>;
  const kills = faults.filter(({ kind }) => kind === "broker killed").length;
  const least = published - kills * MAX_IN_FLIGHT;
  const { messages, broken, examples } = subscriber;
  return [
    {
      name: "the subscriber has what the agent says it has published",
      verdict: verdictOf(published > 0 && messages >= least && messages <= published + dropped_offline),
      detail: `${messages} arrived of ${published} published, with ${kills} brokers killed`,
    },
    {
      name: "every message that arrived keeps the contract",
      verdict: verdictOf(broken === 0),
      detail: [`${broken} do not`, ...examples].join("\n  "),
    },
  ];
}

function recoveryCheck({ faults }: SoakRecord): Check {
  const lost = faults.filter(({ recoveredAfterS }) => recoveredAfterS === null);
  return {
    name: "messages arrive again after every fault",
    verdict: verdictOf(lost.length === 0),
    detail: lost.length === 0
      ? `${faults.length} faults`
      : `not after ${lost.map(({ kind, atS }) => `${kind} at ${atS.toFixed(0)} s`).join(", ")}`,
  };
}
