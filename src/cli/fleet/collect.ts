import type { Clock } from "../../time/mod.ts";
import type { Fleet, KnownScanner } from "./fleet.ts";
import { hasLost, intervalMs, patienceMs } from "./verdict.ts";
import type { FleetWatch } from "./watch.ts";

const LOOK_MS = 100;
/** How long to go on after the last scanner has appeared: a broker takes its time to tell what it has kept. */
const SETTLE_MS = 1_500;
/** How long to do without a connection, all in all, in milliseconds: a broker may be starting again. */
const CONNECT_MS = 20_000;

/** What collecting takes. */
export interface CollectOptions {
  /** After how long it ends at the latest; null: once every scanner should have been heard. */
  readonly durationMs: number | null;
  /** Those to wait for; null: whichever are there. */
  readonly expected: ReadonlySet<string> | null;
}

/** What is collected. */
export type Collected = Pick<FleetWatch, "fleet" | "usualIntervalMs">;

/**
 * Resolves once enough is known (every scanner is offline or has sent statistics, or would have, were it there; twice
 * where the first tell of losses, which may be long past), once only a person can help, or when `signal` aborts.
 */
export async function collect(
  watch: Collected,
  { durationMs, expected }: CollectOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const startMs = clock.monotonicMs();
  const endMs = startMs + (durationMs ?? Infinity);
  let withoutMs = 0;
  for (let nowMs = startMs; nowMs < endMs && !signal.aborted;) {
    if (isDone(watch, expected, nowMs) || isHopeless(watch, withoutMs)) return;
    await clock.sleep(Math.min(LOOK_MS, endMs - nowMs), signal).catch(() => {});
    const thenMs = nowMs;
    nowMs = clock.monotonicMs();
    if (watch.fleet.connection.kind !== "subscribed") withoutMs += nowMs - thenMs;
  }
}

function isDone(watch: Collected, expected: CollectOptions["expected"], nowMs: number): boolean {
  const { connection } = watch.fleet;
  if (connection.kind !== "subscribed") return false;
  return nowMs - connection.sinceMs > longestMs(watch) || isComplete(watch.fleet, expected, nowMs);
}

function isHopeless({ fleet: { connection } }: Collected, withoutMs: number): boolean {
  if (connection.kind === "subscribed") return false;
  const kind = connection.kind === "failed" ? connection.failure.kind : null;
  return kind === "rejected" || kind === "unfit" || withoutMs > CONNECT_MS;
}

/** What a scanner takes that is there, by its own interval; hostile ones do not hold up the others for ever. */
function longestMs({ fleet: { scanners }, usualIntervalMs }: Collected): number {
  let longest = usualIntervalMs;
  for (const scanner of scanners.values()) {
    if (isTold(scanner)) continue;
    const interval = Math.min(intervalMs(scanner, usualIntervalMs), 10 * usualIntervalMs);
    longest = Math.max(longest, needsNext(scanner) ? 2 * interval : interval);
  }
  return patienceMs(longest);
}

/** A scanner that nobody knows of shows by its statistics alone, unless the broker keeps what others said. */
function isComplete(fleet: Fleet, expected: CollectOptions["expected"], nowMs: number): boolean {
  if (nowMs - fleet.appearedMs < SETTLE_MS) return false;
  const areAllKnown = expected === null
    ? fleet.hasRetained
    : [...expected].every((id) => fleet.scanners.has(id) || fleet.hasRetained);
  return areAllKnown && fleet.scanners.values().every(isTold);
}

function isTold(scanner: KnownScanner): boolean {
  const { status, latest } = scanner;
  return status?.status === "offline" || status !== null && latest !== null && !needsNext(scanner);
}

/** Whether it has lost something since it was started, and only its next statistics show whether it still does. */
function needsNext({ latest, previous }: KnownScanner): boolean {
  return latest !== null && previous === null && hasLost(latest.stats);
}
