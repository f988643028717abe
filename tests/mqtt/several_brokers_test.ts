import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import type { ConnectionState } from "../../src/agent/mod.ts";
import { type Broker, BrokerConnection, type OpenConnection } from "../../src/mqtt/connection.ts";
import { ConnectionLog } from "../../src/mqtt/connection_log.ts";
import { ConnectionFailure, type FailureKind } from "../../src/mqtt/failure.ts";
import { LossPattern } from "../../src/mqtt/loss_pattern.ts";
import type { BackoffPolicy } from "../../src/time/mod.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const POLICY: BackoffPolicy = { initialDelayMs: 1_000, maxDelayMs: 60_000, exponential: true };

class FakeConnection implements OpenConnection {
  readonly address = null;
  readonly #lost = Promise.withResolvers<ConnectionFailure>();
  readonly lost = this.#lost.promise;

  lose(kind: FailureKind = "dropped"): void {
    this.#lost.resolve(new ConnectionFailure(kind, "lost", null));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What one of the brokers does. */
interface Behaviour {
  answer: FailureKind | "accept";
  /** What becomes of a connection that is only to see whether it can be made. */
  check: FailureKind | "accept";
}

/** Some brokers called a, b, …, and what a {@linkcode BrokerConnection} does to them. */
class Bench implements AsyncDisposable {
  readonly clock = new FakeClock(undefined, settlePromises);
  readonly log = new RecordingLog();
  /** Which broker was tried when, in seconds: `a 1.5`. */
  readonly attempts: string[] = [];
  readonly hasty: boolean[] = [];
  readonly checks: string[] = [];
  readonly left: string[] = [];
  readonly states: ConnectionState[] = [];
  readonly brokers: readonly Behaviour[];
  readonly #connections: FakeConnection[] = [];
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    answers: readonly Behaviour["answer"][],
    { returnsToFirst = true, random = () => 1, drain = () => Promise.resolve() }: {
      returnsToFirst?: boolean;
      random?: () => number;
      drain?: () => Promise<void>;
    } = {},
  ) {
    const { clock, log } = this;
    this.brokers = answers.map((answer) => ({ answer, check: "accept" }));
    const connection = new BrokerConnection<FakeConnection>({
      brokers: this.brokers.map((broker, index) => this.#broker(broker, "abc"[index] ?? "?")),
      returnsToFirst,
      online: () => {},
      leave: (reason) => {
        this.left.push(reason);
        return drain();
      },
      offline: () => {},
      policy: POLICY,
      clock,
      random,
      log: new ConnectionLog(log, clock, () => 0),
      losses: new LossPattern({ clientId: "c1", topics: [], reconnect: POLICY }, clock),
      changed: (state) => this.states.push(state),
      warned: () => {},
    });
    this.#running = connection.run(() => true, this.#ending.signal);
  }

  /** The broker that there is a connection to; null: none. */
  get at(): string | null {
    const state = this.states.at(-1);
    return state?.kind === "online" ? state.broker : null;
  }

  /** Those tried since the last time this was asked. */
  takeAttempts(): string[] {
    return this.attempts.splice(0);
  }

  lose(kind?: FailureKind): void {
    this.#connections.at(-1)?.lose(kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
    equal(this.clock.sleeping, 0, "no timer is left");
  }

  #broker(broker: Behaviour, name: string): Broker<FakeConnection> {
    const now = () => `${name} ${this.clock.monotonicMs() / 1_000}`;
    const met = (answer: FailureKind | "accept"): Promise<void> =>
      answer === "accept"
        ? Promise.resolve()
        : Promise.reject(new ConnectionFailure(answer, `${name}: ${answer}`, null));
    return {
      name,
      where: { host: name },
      open: async (isHasty) => {
        this.attempts.push(now());
        this.hasty.push(isHasty);
        await met(broker.answer);
        const connection = new FakeConnection();
        this.#connections.push(connection);
        return connection;
      },
      probe: () => Promise.resolve(broker.answer !== "unreachable"),
      check: () => {
        this.checks.push(now());
        return met(broker.check);
      },
    };
  }
}

test("BrokerConnection tries the next broker at once where one fails, in their order", async () => {
  await using bench = new Bench(["unreachable", "rejected", "accept"]);
  await bench.clock.advance(0);
  deepEqual(bench.attempts, ["a 0", "b 0", "c 0"]);
  equal(bench.at, "c");
  deepEqual(bench.log.records.map(({ level, event, fields }) => [level, event, fields]), [
    ["warning", "broker connection failed", {
      host: "a",
      reason: "a: unreachable",
      retry_in_ms: 1_000,
      next_broker: "b",
    }],
    ["error", "broker connection failed", { host: "b", reason: "b: rejected", retry_in_ms: 1_000, next_broker: "c" }],
    ["info", "broker connected", { host: "c", attempt: 1, after_s: 0, dropped: 0 }],
  ]);
});

test("BrokerConnection tries none of several brokers more often than if it were the only one", async () => {
  for (const kind of ["unreachable", "unresponsive", "unfit", "rejected"] as const) {
    await using alone = new Bench([kind]);
    await using several = new Bench([kind, kind, kind]);
    await alone.clock.advance(200_000);
    await several.clock.advance(200_000);
    for (const name of "abc") {
      const times = several.attempts.filter((each) => each.startsWith(name)).map((each) => each.slice(2));
      deepEqual(times, alone.attempts.map((each) => each.slice(2)), `${kind}: ${name}`);
    }
    deepEqual(several.states.filter(({ kind }) => kind === "waiting"), [
      ...alone.states.filter(({ kind }) => kind === "waiting").map((state) => ({ ...state, reason: `c: ${kind}` })),
    ]);
  }
});

test("BrokerConnection does not try a broker that refuses more often because another does not answer", async () => {
  await using bench = new Bench(["unresponsive", "rejected"]);
  await bench.clock.advance(130_000);
  const refused = bench.attempts.filter((each) => each.startsWith("b"));
  deepEqual(refused, [0, 1, 3, 7, 15, 31, 63, 123].map((second) => `b ${second}`));
  ok(bench.attempts.length > 30, "the other one every 5 s");
});

test("BrokerConnection gives a broker less time where another is left, unless it has failed before", async () => {
  await using bench = new Bench(["unreachable", "unreachable"]);
  await bench.clock.advance(1_000);
  deepEqual(bench.hasty, [true, true, false, false]);
  await using alone = new Bench(["unreachable"]);
  await alone.clock.advance(1_000);
  deepEqual(alone.hasty, [false, false]);
});

test("BrokerConnection turns to the next broker within the initial delay where one is lost, and at once where it vanished", async () => {
  const next = async (kind: FailureKind, chance: number) => {
    await using bench = new Bench(["accept", "accept", "accept"], { random: () => chance });
    await bench.clock.advance(100_000);
    bench.lose(kind);
    await bench.clock.advance(1_000);
    return bench.attempts[1];
  };
  deepEqual(await Promise.all([0, 0.25, 0.9].map((chance) => next("dropped", chance))), [
    "b 100",
    "b 100.25",
    "b 100.9",
  ]);
  equal(await next("unreachable", 0.9), "b 100");
});

test("BrokerConnection turns to the next broker before it tries the lost one again, whatever the dice say", async () => {
  const chances = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(chances, async (chances) => {
      let index = 0;
      await using bench = new Bench(["accept", "accept"], { random: () => chances[index++ % chances.length] ?? 0 });
      await bench.clock.advance(100_000);
      bench.lose();
      await bench.clock.advance(1_000);
      match(bench.attempts[1] ?? "", /^b /);
    }),
    { examples: [[[0, 0, 0.75, 0]]] },
  );
});

test("BrokerConnection goes on to the broker after the one that is lost", async () => {
  await using bench = new Bench(["accept", "accept", "accept"], { returnsToFirst: false, random: () => 0 });
  for (const expected of ["a", "b", "c", "a"]) {
    await bench.clock.advance(100_000);
    equal(bench.at, expected);
    bench.lose();
  }
});

test("BrokerConnection does not hammer brokers that all accept and drop at once", async () => {
  await using bench = new Bench(["accept", "accept"]);
  for (let turn = 0; turn < 1_300; turn++) {
    await bench.clock.advance(100);
    if (bench.at !== null) bench.lose();
  }
  ok(bench.attempts.length <= 16, `${bench.attempts.length} attempts in 130 s`);
});

test("BrokerConnection returns to the first broker when that accepts connections again, and says so before", async () => {
  const drained = Promise.withResolvers<void>();
  await using bench = new Bench(["unreachable", "accept", "accept"], { drain: () => drained.promise });
  await bench.clock.advance(100_000);
  equal(bench.at, "b");
  deepEqual([bench.takeAttempts(), bench.checks], [["a 0", "b 0"], []]);
  const [first] = bench.brokers;
  ok(first !== undefined);
  Object.assign(first, { answer: "accept", check: "unresponsive" });
  await bench.clock.advance(100_000);
  deepEqual([bench.at, bench.takeAttempts(), bench.checks], ["b", [], ["a 120", "a 150", "a 180"]]);
  first.check = "accept";
  await bench.clock.advance(10_000);
  deepEqual([bench.at, bench.left], ["b", ["returned to a"]]);
  drained.resolve();
  await bench.clock.advance(0);
  deepEqual([bench.at, bench.takeAttempts()], ["a", ["a 210"]]);
  deepEqual(bench.log.records.slice(-2), [
    { level: "info", event: "returning to the first broker", fields: { host: "b", next_broker: "a" } },
    { level: "info", event: "broker connected", fields: { host: "a", attempt: 1, after_s: 0, dropped: 0 } },
  ]);
});

test("BrokerConnection stays where it is if it is not to return", async () => {
  await using bench = new Bench(["unreachable", "accept"], { returnsToFirst: false });
  await bench.clock.advance(0);
  for (const broker of bench.brokers) broker.answer = "accept";
  await bench.clock.advance(3_600_000);
  deepEqual([bench.at, bench.checks], ["b", []]);
});

test("BrokerConnection comes back at once where the first broker refuses after all, and returns less and less often", async () => {
  await using bench = new Bench(["unreachable", "accept"]);
  await bench.clock.advance(0);
  for (const broker of bench.brokers) broker.answer = "accept";
  const [first] = bench.brokers;
  ok(first !== undefined);
  first.answer = "rejected";
  bench.takeAttempts();
  await bench.clock.advance(250_000);
  equal(bench.at, "b");
  deepEqual(bench.attempts, ["a 30", "b 30", "a 90", "b 90", "a 210", "b 210"]);
});

test("BrokerConnection warns once where the first broker is back and refuses, and stays", async () => {
  await using bench = new Bench(["unreachable", "accept"]);
  await bench.clock.advance(0);
  const [first] = bench.brokers;
  ok(first !== undefined);
  Object.assign(first, { answer: "accept", check: "rejected" });
  await bench.clock.advance(300_000);
  equal(bench.at, "b");
  const warnings = bench.log.records.filter(({ event }) => event === "cannot return to the first broker");
  deepEqual(warnings.map(({ fields }) => fields), [{ host: "a", reason: "a: rejected" }]);
  match(bench.checks.join(), /^a 30,a 60,/);
});

test("BrokerConnection ends at once while it waits for several brokers, or to return to the first", async () => {
  for (const answers of [["unreachable", "rejected"], ["unreachable", "accept"]] as const) {
    const bench = new Bench(answers);
    await bench.clock.advance(20_000);
    await bench[Symbol.asyncDispose]();
    deepEqual(bench.states.at(-1), { kind: "closed" });
  }
});
