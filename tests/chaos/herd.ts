/**
 * What two hundred agents do to a broker that they lose at the same moment: simulated with the connection of the
 * agent on a clock of the simulation's own. As a command it draws `docs/herd.svg`.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { Random } from "../../src/hci/simulated/random.ts";
import { type Broker, BrokerConnection, type OpenConnection } from "../../src/mqtt/connection.ts";
import { ConnectionLog } from "../../src/mqtt/connection_log.ts";
import { ConnectionFailure, type FailureKind } from "../../src/mqtt/failure.ts";
import { LossPattern } from "../../src/mqtt/loss_pattern.ts";
import type { BackoffPolicy } from "../../src/time/mod.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { drawPlot, type Plot, type Series } from "../support/plot.ts";
import { RecordingLog } from "../support/recording_log.ts";

/** What becomes of the broker. */
export interface Outage {
  readonly agents: number;
  /** From the loss to the broker's return. */
  readonly awayMs: number;
  /** What an attempt meets meanwhile. */
  readonly kind: Exclude<FailureKind, "dropped">;
  readonly policy: BackoffPolicy;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/** When something reached the broker, or the place where it was, in milliseconds after the loss, in ascending order. */
export interface Herd {
  readonly attemptsMs: readonly number[];
  readonly probesMs: readonly number[];
  /** When each agent was back. */
  readonly backMs: readonly number[];
}

/** The backoff that a configuration has by default. */
export const DEFAULT_POLICY: BackoffPolicy = { initialDelayMs: 1_000, maxDelayMs: 60_000, exponential: true };

/** How many things happened in each step of time, for a plot. */
function histogram(timesMs: readonly number[], stepS: number): (readonly [number, number])[] {
  const counts = new Map<number, number>();
  for (const timeMs of timesMs) {
    const step = Math.floor(timeMs / 1_000 / stepS);
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([step, count]) => [step * stepS, count / stepS]);
}

/** The agents were connected for so long. */
const ONLINE_MS = 3_600_000;
/** And are watched for so long after the broker's return: longer than the longest wait. */
const AFTER_MS = 65_000;

class SimulatedConnection implements OpenConnection {
  readonly address = null;
  readonly #lost = Promise.withResolvers<ConnectionFailure>();
  readonly lost = this.#lost.promise;

  lose(): void {
    this.#lost.resolve(new ConnectionFailure("dropped", "connection closed by the broker", null));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Lets the agents lose their broker and find it again. */
export async function simulateHerd({ agents, awayMs, kind, policy, random }: Outage): Promise<Herd> {
  const clock = new FakeClock(0, settlePromises);
  const log = new RecordingLog("error");
  const nobody = { clientId: "", topics: [], reconnect: policy };
  const [attemptsMs, probesMs, backMs]: [number[], number[], number[]] = [[], [], []];
  const connections: SimulatedConnection[] = [];
  const sinceMs = () => clock.monotonicMs() - ONLINE_MS;
  const isAway = () => sinceMs() >= 0 && sinceMs() < awayMs;
  const broker: Broker<SimulatedConnection> = {
    name: "broker:1883",
    where: {},
    open() {
      if (sinceMs() >= 0) attemptsMs.push(sinceMs());
      if (isAway()) return Promise.reject(new ConnectionFailure(kind, kind, null));
      const connection = new SimulatedConnection();
      connections.push(connection);
      return Promise.resolve(connection);
    },
    probe() {
      probesMs.push(sinceMs());
      return Promise.resolve(kind !== "unreachable" || !isAway());
    },
    check: () => Promise.resolve(),
  };
  const agent = () =>
    new BrokerConnection<SimulatedConnection>({
      brokers: [broker],
      returnsToFirst: true,
      leave: () => Promise.resolve(),
      online: () => void (sinceMs() >= 0 && backMs.push(sinceMs())),
      offline: () => {},
      policy,
      clock,
      random,
      log: new ConnectionLog(log, clock, () => 0),
      losses: new LossPattern(nobody, clock),
      changed: () => {},
      warned: () => {},
    });
  const ending = new AbortController();
  const running = Array.from({ length: agents }, () => agent().run(() => false, ending.signal));
  await clock.advance(ONLINE_MS);
  for (const connection of connections.splice(0)) connection.lose();
  await clock.advance(awayMs + AFTER_MS);
  ending.abort();
  await Promise.all(running);
  return { attemptsMs, probesMs, backMs };
}

/** The most of `timesMs` that fall into one second, whenever it begins. */
export function busiestSecond(timesMs: readonly number[]): number {
  let [most, first] = [0, 0];
  for (const [index, timeMs] of timesMs.entries()) {
    while ((timesMs[first] ?? timeMs) <= timeMs - 1_000) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** Draws what happened from `fromS` to `toS`. */
function plot(title: string, { attemptsMs, probesMs, backMs }: Herd, fromS: number, toS: number): Plot {
  const stepS = (toS - fromS) / 60;
  const bars = (label: string, timesMs: readonly number[]): Series => {
    const shown = timesMs.filter((timeMs) => timeMs >= fromS * 1_000 && timeMs < toS * 1_000);
    return { label, kind: "bars", barWidth: stepS, points: histogram(shown, stepS) };
  };
  return {
    title,
    xLabel: "seconds since the loss",
    yLabel: "per second",
    series: [bars("attempts", attemptsMs), bars("probes", probesMs), bars("agents back", backMs)],
  };
}

if (import.meta.main) {
  const agents = 200;
  const draw = async (title: string, kind: Outage["kind"], awayMs: number, fromS: number, toS: number) => {
    const random = new Random(1);
    const chance = () => random.below(2 ** 32) / 2 ** 32;
    const herd = await simulateHerd({ agents, kind, awayMs, policy: DEFAULT_POLICY, random: chance });
    const delaysS = herd.backMs.map((timeMs) => (timeMs - awayMs) / 1_000);
    const share = Math.round(100 * busiestSecond(herd.backMs) / agents);
    const last = Math.max(...delaysS).toFixed(1);
    console.log(`${title}: ${delaysS.length} back after ${last} s, at most ${share} % in one second`);
    return plot(`${agents} agents, ${title}`, herd, fromS, toS);
  };
  const figure = drawPlot(
    await draw("broker restarted, back after 0.3 s", "unreachable", 300, 0, 12),
    await draw("broker away for 3 s", "unreachable", 3_000, 0, 12),
    await draw("broker away for 10 minutes: the loss", "unreachable", 600_000, 0, 60),
    await draw("broker away for 10 minutes: the return", "unreachable", 600_000, 585, 615),
    await draw("frozen or behind a proxy for 10 minutes: the return", "unresponsive", 600_000, 585, 615),
    await draw("refusing for 10 minutes, then accepting", "rejected", 600_000, 540, 660),
  );
  await Deno.writeTextFile(new URL("../../docs/herd.svg", import.meta.url), figure);
}
