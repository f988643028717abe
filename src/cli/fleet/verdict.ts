import type { ReadStats } from "../../status/schema.ts";
import { shortDuration } from "../live/mod.ts";
import type { KnownScanner } from "./fleet.ts";

/** What a scanner is doing, the worst first. */
export const STATES = ["missing", "offline", "silent", "not scanning", "no status", "starting", "scanning"] as const;

/** How a scanner is, at this moment. */
export interface Verdict {
  readonly state: (typeof STATES)[number];
  /** For how long, in milliseconds; null: unknown. */
  readonly forMs: number | null;
  /** What somebody should see to; empty: nothing. */
  readonly wrong: readonly string[];
  /** What is worth knowing besides. */
  readonly remarks: readonly string[];
}

/** What verdicts are made by. */
export interface Moment {
  /** Now, by the monotonic clock. */
  readonly nowMs: number;
  /** Now, by the wall clock. */
  readonly wallMs: number;
  /** Since when every message arrives that is published (monotonic); null: none does, there is no connection. */
  readonly listeningMs: number | null;
  /** The interval of scanners that do not tell theirs, in milliseconds. */
  readonly usualIntervalMs: number;
}

/** No interval can be configured to be longer. */
const LONGEST_INTERVAL_MS = 86_400_000;
/** By how much clocks may differ until somebody is told. */
const CLOCKS_DIFFER_MS = 60_000;
/** How long a scanner may take to begin to scan. */
const STARTING_MS = 60_000;

/** After how long without a word a scanner that tells something at each interval is gone. */
export function patienceMs(intervalMs: number): number {
  return 1.5 * intervalMs + 5_000;
}

/** The time from one word of a scanner to the next, in milliseconds, as far as it has told. */
export function intervalMs({ status, latest }: KnownScanner, usualMs: number): number {
  const told = status?.interval_s ?? latest?.stats.interval_s;
  return told === undefined || told <= 0 ? usualMs : Math.min(told * 1000, LONGEST_INTERVAL_MS);
}

/**
 * Says of a scanner that was expected and of which nothing is known how it is.
 *
 * @param hasRetained whether the broker gave what it had kept, among which one that has ever been there would be
 */
export function missing(hasRetained: boolean, { nowMs, listeningMs, usualIntervalMs }: Moment): Verdict {
  const isProven = hasRetained || listeningMs !== null && nowMs - listeningMs > patienceMs(usualIntervalMs);
  const wrong = isProven ? ["never appeared at this broker"] : [];
  return { state: "missing", forMs: null, wrong, remarks: isProven ? [] : ["not heard yet"] };
}

/**
 * Says how a scanner is, from what it told and when that arrived. How old a message is that the broker had kept nobody
 * knows, and clocks of other machines may be wrong: a scanner is silent that did not say anything while somebody
 * listened for long enough.
 */
export function judge(scanner: KnownScanner, moment: Moment): Verdict {
  const { status } = scanner;
  const ageMs = ageBy(scanner, moment);
  const remarks = [...clockRemarks(scanner, moment.wallMs - moment.nowMs)];
  if (status?.status === "offline") {
    const toldMs = status.since ? ageMs(status.since) : null;
    const forMs = toldMs ?? (scanner.statusMs === null ? null : moment.nowMs - scanner.statusMs);
    const isHeard = (scanner.latest?.atMs ?? -Infinity) > (scanner.statusMs ?? moment.listeningMs ?? Infinity);
    const contradiction = isHeard ? ["yet its statistics arrive: the status is an old one"] : [];
    return { state: "offline", forMs, wrong: [status.reason ?? "offline", ...contradiction], remarks };
  }
  const silence = silenceOf(scanner, moment);
  if (silence !== null) return { state: "silent", ...silence, remarks };
  remarks.push(...unheardRemarks(scanner, moment));
  const wrong = [...troubles(scanner, moment)];
  if (status === null) return { state: "no status", forMs: null, wrong, remarks };
  const forMs = status.since ? ageMs(status.since) : null;
  if (status.scanning !== false) return { state: "scanning", forMs, wrong, remarks };
  const reason = status.reason ?? "no reason given";
  if (reason === "starting" && (forMs ?? 0) < STARTING_MS) return { state: "starting", forMs, wrong, remarks };
  return { state: "not scanning", forMs, wrong: [reason, ...wrong], remarks };
}

/** How long ago something was by a scanner's own clock, in milliseconds, as far as that is known. */
export function ageBy({ latest }: KnownScanner, { nowMs, wallMs }: Moment): (time: string) => number {
  const toldMs = Date.parse(latest?.stats.timestamp ?? "");
  const itsNowMs = latest === null || Number.isNaN(toldMs) ? wallMs : toldMs + nowMs - latest.atMs;
  return (time) => Math.max(0, itsNowMs - Date.parse(time));
}

function silenceOf(scanner: KnownScanner, moment: Moment): Pick<Verdict, "forMs" | "wrong"> | null {
  const { nowMs, listeningMs, usualIntervalMs } = moment;
  if (listeningMs === null) return null;
  const heardMs = Math.max(scanner.statusMs ?? -Infinity, scanner.latest?.atMs ?? -Infinity);
  const interval = intervalMs(scanner, usualIntervalMs);
  const unheardMs = nowMs - Math.max(heardMs, listeningMs);
  if (unheardMs <= patienceMs(interval)) return null;
  const isNever = heardMs === -Infinity;
  const what = isNever
    ? `said nothing while listened to for ${shortDuration(unheardMs)}`
    : `said nothing for ${shortDuration(nowMs - heardMs)}`;
  const why = `though it should every ${interval / 1000} s: it is gone, and the broker has not noticed`;
  return { forMs: isNever ? null : nowMs - heardMs, wrong: [`${what}, ${why}`] };
}

/** What is not known yet, or not told. */
function* unheardRemarks(scanner: KnownScanner, { nowMs, listeningMs, usualIntervalMs }: Moment): Iterable<string> {
  const { status, statusMs, latest } = scanner;
  const isPatient = listeningMs === null ||
    nowMs - listeningMs <= patienceMs(intervalMs(scanner, usualIntervalMs));
  if (statusMs === null && latest === null) yield "not heard yet";
  else if (latest === null && !isPatient) {
    yield "no statistics: stats.publish is off there, or they cannot be read here";
  } else if (status === null && !isPatient) yield "no status: status.enabled is off there, or it cannot be read here";
}

/** What is wrong with a scanner that is there. */
function* troubles(scanner: KnownScanner, { nowMs, listeningMs, usualIntervalMs }: Moment): Iterable<string> {
  const { status, latest, previous } = scanner;
  if (status?.warning) yield status.warning;
  if (latest === null) return;
  const interval = intervalMs(scanner, usualIntervalMs);
  const lateMs = nowMs - Math.max(latest.atMs, listeningMs ?? nowMs);
  if (lateMs > patienceMs(interval)) {
    yield `no statistics for ${shortDuration(nowMs - latest.atMs)}, though its status arrives`;
    return;
  }
  if (latest.stats.limited_by) yield `messages are held up by ${latest.stats.limited_by}`;
  if (previous === null) return;
  const before = new Map(drops(previous.stats));
  const lost = drops(latest.stats).map(([reason, count]) => [reason, count - (before.get(reason) ?? 0)] as const);
  const within = shortDuration(latest.atMs - previous.atMs);
  if (lost.some(([, count]) => count > 0)) yield `dropped within ${within}: ${dropsText(lost)}`;
  const missed = (latest.stats.missed ?? 0) - (previous.stats.missed ?? 0);
  if (missed > 0) yield `missed ${missed} packets within ${within}: the machine does not keep up`;
}

/** The reasons for which reports were dropped, and how many. */
export function drops(stats: ReadStats): readonly (readonly [reason: string, count: number])[] {
  return [
    ["offline", stats.dropped_offline ?? 0],
    ["backpressure", stats.dropped_backpressure ?? 0],
    ["rate limit", stats.dropped_rate_limited ?? 0],
    ["unacknowledged", stats.dropped_unacknowledged ?? 0],
  ];
}

/** Whether it has dropped or missed anything since it was started. */
export function hasLost(stats: ReadStats): boolean {
  return (stats.missed ?? 0) > 0 || drops(stats).some(([, count]) => count > 0);
}

/** Drops by reason; those that there are none of are left out. */
export function dropsText(counts: readonly (readonly [reason: string, count: number])[]): string {
  return counts.filter(([, count]) => count > 0).map(([reason, count]) => `${reason} ${count}`).join(", ");
}

/** @param offsetMs what the wall clock of this machine is ahead of its monotonic one */
function* clockRemarks({ latest }: KnownScanner, offsetMs: number): Iterable<string> {
  const toldMs = Date.parse(latest?.stats.timestamp ?? "");
  if (latest === null || Number.isNaN(toldMs)) return;
  const aheadMs = toldMs - (latest.atMs + offsetMs);
  if (Math.abs(aheadMs) < CLOCKS_DIFFER_MS) return;
  yield `its clock is ${shortDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} this machine's`;
}
