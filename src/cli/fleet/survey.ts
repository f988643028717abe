import { allow } from "../../mqtt/subscriber.ts";
import type { Fleet, KnownScanner } from "./fleet.ts";
import { judge, missing, type Moment, patienceMs, STATES, type Verdict } from "./verdict.ts";

/** A scanner, and how it is. */
export interface Surveyed {
  readonly id: string;
  /** null: nothing is known of it. */
  readonly scanner: KnownScanner | null;
  readonly verdict: Verdict;
}

/** How all scanners at a broker are, at one moment. */
export interface Survey {
  readonly moment: Moment;
  /** The worst first. */
  readonly scanners: readonly Surveyed[];
  /** How many of them somebody should see to. */
  readonly wrong: number;
  /** What is to be said of the whole; each needs a person. */
  readonly problems: readonly string[];
  /** The same, where nobody has to do anything. */
  readonly notes: readonly string[];
}

/** What a survey is made by, besides what is known. */
export interface SurveyOptions {
  /** Scanners that should be there; null: whichever are. */
  readonly expected: ReadonlySet<string> | null;
  /** What was subscribed to. */
  readonly filters: readonly string[];
}

/** How many things of one kind are named. */
const MOST_NAMED = 5;

/** Looks at all scanners at this moment. */
export function survey(fleet: Fleet, moment: Moment, options: SurveyOptions): Survey {
  const { expected } = options;
  const known = [...fleet.scanners.values()].map((scanner): Surveyed => {
    const verdict = judge(scanner, moment);
    const isExpected = expected === null || expected.has(scanner.id);
    const remarks = isExpected ? verdict.remarks : [...verdict.remarks, "not expected"];
    return { id: scanner.id, scanner, verdict: { ...verdict, remarks } };
  });
  const absent = [...expected ?? []].filter((id) => !fleet.scanners.has(id))
    .map((id): Surveyed => ({ id, scanner: null, verdict: missing(fleet.hasRetained, moment) }));
  const scanners = [...absent, ...known].sort((a, b) => badness(b) - badness(a) || compareIds(a.id, b.id));
  const wrong = scanners.filter(({ verdict }) => verdict.wrong.length > 0).length;
  return {
    moment,
    scanners,
    wrong,
    problems: [...problems(fleet, moment, options)],
    notes: [...notes(fleet, moment)],
  };
}

/** As a person sorts: `scanner-2` before `scanner-10`. */
export function compareIds(one: string, other: string): number {
  return collator.compare(one, other) || (one < other ? -1 : 1);
}

const collator = new Intl.Collator("en", { numeric: true });

function badness({ verdict: { state, wrong, remarks } }: Surveyed): number {
  return (wrong.length > 0 ? 100 : 0) + 10 * (STATES.length - STATES.indexOf(state)) + (remarks.length > 0 ? 1 : 0);
}

function* problems({ connection, scanners }: Fleet, moment: Moment, { filters }: SurveyOptions): Iterable<string> {
  if (connection.kind !== "subscribed") return;
  const { refused } = connection;
  if (refused.length > 0) yield `the broker refuses ${refused.join(" and ")}: ${allow(refused)}`;
  const { nowMs, usualIntervalMs } = moment;
  if (scanners.size > 0) return;
  const isPatient = nowMs - connection.sinceMs <= patienceMs(usualIntervalMs);
  yield isPatient
    ? "nothing has arrived yet"
    : `nothing has arrived: no scanner publishes here, the topics are others (--config), or ${allow(filters)}`;
}

function* notes(fleet: Fleet, { nowMs }: Moment): Iterable<string> {
  const { connection, scanners, hasRetained, foreign, unkept } = fleet;
  if (connection.kind === "subscribed" && scanners.size > 0 && !hasRetained && nowMs - connection.sinceMs > 2_000) {
    yield "the broker gave no status that it had kept: it may have just started, or be one that gives none to who " +
      "asks for all, as RabbitMQ; scanners that are offline show only once they change, or with --expect";
  }
  for (const { topic, why } of foreign.slice(0, MOST_NAMED)) yield `left out: ${topic}: ${why}`;
  if (foreign.length > MOST_NAMED) yield `left out: ${foreign.length - MOST_NAMED} more topics`;
  if (unkept > 0) yield `${unkept} messages of more than ${scanners.size} scanners were left out`;
}
