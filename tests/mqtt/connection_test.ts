import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import type { ConnectionState } from "../../src/agent/mod.ts";
import { BrokerConnection, type OpenConnection } from "../../src/mqtt/connection.ts";
import { ConnectionLog } from "../../src/mqtt/connection_log.ts";
import { LossPattern } from "../../src/mqtt/loss_pattern.ts";
import { ConnectionFailure, type FailureKind } from "../../src/mqtt/failure.ts";
import type { BackoffPolicy } from "../../src/time/mod.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const POLICY: BackoffPolicy = { initialDelayMs: 1_000, maxDelayMs: 60_000, exponential: true };

/** A connection that the test ends. */
class FakeConnection implements OpenConnection {
  readonly address = "192.0.2.7";
  readonly #lost = Promise.withResolvers<ConnectionFailure>();
  readonly lost = this.#lost.promise;
  /** How it was closed; null: it was not. */
  closed: "gracefully" | "abruptly" | null = null;

  lose(): void {
    this.#lost.resolve(failure("dropped"));
  }

  close(graceful: boolean): Promise<void> {
    this.closed = graceful ? "gracefully" : "abruptly";
    return Promise.resolve();
  }
}

function failure(kind: FailureKind): ConnectionFailure {
  return new ConnectionFailure(kind, `failed: ${kind}`, null);
}

/** What an attempt meets. */
type Answer = FailureKind | "accept" | "hang";

/** A broker whose answers the test decides, and what a {@linkcode BrokerConnection} does to it. */
class Bench implements AsyncDisposable {
  readonly clock = new FakeClock(undefined, settlePromises);
  readonly log = new RecordingLog();
  readonly losses = new LossPattern({ clientId: "c1", topics: ["raw/#", "status"], reconnect: POLICY }, this.clock);
  dropped = 0;
  state: ConnectionState = { kind: "idle" };
  readonly attemptsMs: number[] = [];
  readonly probesMs: number[] = [];
  readonly happened: string[] = [];
  readonly warnings: (string | null)[] = [];
  readonly connections: FakeConnection[] = [];
  readonly connection: BrokerConnection<FakeConnection>;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  graceful = true;
  /** Whether a probe finds something that listens. */
  listens: boolean | "hang" = false;
  /** How long an attempt takes before it fails. */
  attemptMs = 0;

  /** @param answer what attempts meet from now on */
  constructor(public answer: Answer, policy: BackoffPolicy = POLICY, random: () => number = () => 1) {
    this.connection = new BrokerConnection<FakeConnection>({
      brokers: [{
        name: "broker:1883",
        where: { host: "broker" },
        open: (_, signal) => this.#open(signal),
        probe: (signal) => this.#probe(signal),
        check: () => Promise.resolve(),
      }],
      returnsToFirst: true,
      leave: () => Promise.resolve(),
      online: () => this.happened.push("online"),
      offline: (reason) => this.happened.push(`offline: ${reason.message}`),
      policy,
      clock: this.clock,
      random,
      log: new ConnectionLog(this.log, this.clock, () => this.dropped),
      losses: this.losses,
      changed: (state) => this.state = state,
      warned: () => this.warnings.push(this.losses.warning),
    });
    this.#running = this.connection.run(() => this.graceful, this.#ending.signal);
  }

  get last(): FakeConnection {
    const last = this.connections.at(-1);
    ok(last !== undefined, "no connection yet");
    return last;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  async #open(signal: AbortSignal): Promise<FakeConnection> {
    this.attemptsMs.push(this.clock.monotonicMs());
    const { answer } = this;
    if (answer === "hang") return await untilAborted(signal);
    if (answer !== "accept") {
      if (this.attemptMs > 0) await this.clock.sleep(this.attemptMs, signal);
      throw failure(answer);
    }
    const connection = new FakeConnection();
    this.connections.push(connection);
    return connection;
  }

  #probe(signal: AbortSignal): Promise<boolean> {
    this.probesMs.push(this.clock.monotonicMs());
    return this.listens === "hang" ? untilAborted(signal).catch(() => false) : Promise.resolve(this.listens);
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

const seconds = (times: readonly number[]) => times.map((timeMs) => timeMs / 1_000);

test("BrokerConnection waits 1, 2, 4 … 60 s between attempts, for ever", async () => {
  await using bench = new Bench("unreachable");
  await bench.clock.advance(250_000);
  deepEqual(seconds(bench.attemptsMs), [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
});

test("BrokerConnection waits the same each time where backoff is not to be exponential", async () => {
  await using bench = new Bench("unreachable", { ...POLICY, exponential: false });
  await bench.clock.advance(3_500);
  deepEqual(seconds(bench.attemptsMs), [0, 1, 2, 3]);
});

test("BrokerConnection waits between a half and the whole of the delay, by chance", async () => {
  await using bench = new Bench("unreachable", POLICY, () => 0);
  await bench.clock.advance(4_000);
  deepEqual(seconds(bench.attemptsMs), [0, 0.5, 1.5, 3.5]);
});

test("BrokerConnection probes every 5 s while it waits longer than that", async () => {
  await using bench = new Bench("unreachable");
  await bench.clock.advance(31_000);
  deepEqual(seconds(bench.attemptsMs), [0, 1, 3, 7, 15, 31]);
  deepEqual(seconds(bench.probesMs), [12, 20, 25, 30]);
});

test("BrokerConnection connects as soon as a probe finds the broker back", async () => {
  await using bench = new Bench("unreachable");
  await bench.clock.advance(64_000);
  bench.answer = "accept";
  bench.listens = true;
  await bench.clock.advance(4_000);
  deepEqual(seconds(bench.attemptsMs).at(-1), 68);
  equal(bench.state.kind, "online");
});

test("BrokerConnection is back within 10 s of the broker's return, however long it was away", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 130_000 }),
      fc.constantFrom<FailureKind>("unreachable", "unresponsive", "unfit"),
      fc.constantFrom(0, 5_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (awayMs, kind, attemptMs, chance) => {
        await using bench = new Bench(kind, POLICY, () => chance);
        bench.attemptMs = attemptMs;
        await bench.clock.advance(awayMs);
        bench.answer = "accept";
        bench.listens = true;
        await bench.clock.advance(10_000);
        equal(bench.state.kind, "online");
      },
    ),
    { numRuns: 15 },
  );
});

test("BrokerConnection is back within 10 s where the broker was away for a day", async () => {
  await using bench = new Bench("unreachable");
  await bench.clock.advance(24 * 3_600_000);
  bench.answer = "accept";
  bench.listens = true;
  await bench.clock.advance(10_000);
  equal(bench.state.kind, "online");
});

test("BrokerConnection looks again a second after an attempt that took long", async () => {
  await using bench = new Bench("unreachable");
  bench.attemptMs = 10_000;
  await bench.clock.advance(44_000);
  deepEqual(seconds(bench.attemptsMs), [0, 1, 13, 27]); // the last one failed at 37 s, the next is due at 45 s
  deepEqual(seconds(bench.probesMs), [12, 24, 38, 43]);
});

test("BrokerConnection spreads the probes of many that lost a broker at the same moment", async () => {
  const firstProbe = async (chance: number) => {
    await using bench = new Bench("unreachable", { ...POLICY, initialDelayMs: 60_000 }, () => chance);
    await bench.clock.advance(10_000);
    return bench.probesMs[0];
  };
  deepEqual(await Promise.all([0, 0.5, 0.9].map(firstProbe)), [2_500, 3_750, 4_750]);
});

test("BrokerConnection begins to back off afresh where a broker that was long away refuses", async () => {
  await using bench = new Bench("unreachable");
  await bench.clock.advance(200_000);
  const before = bench.attemptsMs.length;
  bench.answer = "rejected";
  bench.listens = true;
  await bench.clock.advance(13_000);
  const [first = NaN, ...others] = bench.attemptsMs.slice(before);
  deepEqual(others.map((atMs) => atMs - first), [1_000, 3_000, 7_000]);
});

test("BrokerConnection backs off from a broker that refuses, and does not probe it", async () => {
  await using bench = new Bench("rejected");
  bench.listens = true;
  await bench.clock.advance(130_000);
  deepEqual(seconds(bench.attemptsMs), [0, 1, 3, 7, 15, 31, 63, 123]);
  deepEqual(bench.probesMs, []);
});

for (
  const [kind, what] of [
    ["unresponsive", "a broker that does not speak MQTT"],
    ["unfit", "a broker whose certificate is not accepted"],
  ] as const
) {
  test(`BrokerConnection tries ${what} every 5 s, and does not probe it`, async () => {
    await using bench = new Bench(kind);
    bench.listens = true;
    await bench.clock.advance(22_000);
    deepEqual(seconds(bench.attemptsMs), [0, 1, 3, 7, 12, 17, 22]);
    deepEqual(bench.probesMs, []);
  });
}

test("BrokerConnection does not hammer a broker that accepts and drops at once", async () => {
  await using bench = new Bench("accept");
  bench.listens = true;
  for (let turn = 0; turn < 130; turn++) {
    await bench.clock.advance(1_000);
    if (bench.state.kind === "online") bench.last.lose();
  }
  ok(bench.attemptsMs.length <= 8, `${bench.attemptsMs.length} attempts in 130 s`);
  equal(bench.happened.filter((event) => event === "online").length, bench.attemptsMs.length);
});

test("BrokerConnection notices that a broker which dropped it went away and came back", async () => {
  await using bench = new Bench("accept");
  bench.listens = true;
  while (bench.connections.length < 6) {
    await bench.clock.advance(500);
    if (bench.state.kind === "online") bench.last.lose();
  }
  bench.last.lose();
  await bench.clock.advance(1_000);
  const [attempts, waitingSinceMs] = [bench.attemptsMs.length, bench.clock.monotonicMs()];
  bench.listens = false;
  await bench.clock.advance(5_000);
  bench.listens = true;
  await bench.clock.advance(5_000);
  equal(bench.attemptsMs.length, attempts + 1);
  ok(bench.clock.monotonicMs() - waitingSinceMs < 32_000, "the probe brought the attempt forward");
});

test("BrokerConnection waits longer with each connection that does not last, until one has proved stable", async () => {
  await using bench = new Bench("accept");
  const lose = async (afterMs: number, waitMs: number) => {
    const connections = bench.connections.length;
    await bench.clock.advance(afterMs);
    bench.last.lose();
    await bench.clock.advance(waitMs - 1);
    equal(bench.connections.length, connections);
    await bench.clock.advance(1);
    equal(bench.connections.length, connections + 1);
  };
  await lose(0, 3_000);
  await lose(9_999, 2_000);
  await lose(100, 4_000);
  await lose(100, 8_000);
  await lose(15_999, 16_000); // less than twice the wait before it
  await lose(32_000, 3_000);
  await lose(10_000, 3_000);
});

test("BrokerConnection waits but shortly where a broker that was long away comes and goes", async () => {
  await using bench = new Bench("unreachable");
  await bench.clock.advance(200_000);
  bench.answer = "accept";
  bench.listens = true;
  await bench.clock.advance(5_000);
  bench.last.lose();
  await bench.clock.advance(3_000);
  equal(bench.connections.length, 2);
});

test("BrokerConnection spreads by chance when it returns to a broker that dropped it", async () => {
  const returns = async (chance: number) => {
    await using bench = new Bench("accept", POLICY, () => chance);
    await bench.clock.advance(3_600_000);
    bench.last.lose();
    await bench.clock.advance(5_000);
    return (bench.attemptsMs[1] ?? NaN) - 3_600_000;
  };
  deepEqual(await Promise.all([0, 0.5, 0.9].map(returns)), [500, 1_750, 2_750]);
});

test("BrokerConnection counts the loss as the first failure of those that follow", async () => {
  await using bench = new Bench("accept");
  await bench.clock.advance(60_000);
  bench.answer = "unreachable";
  bench.last.lose();
  await bench.clock.advance(18_000);
  deepEqual(seconds(bench.attemptsMs), [0, 63, 65, 69, 77]);
});

test("BrokerConnection tells what it is doing", async () => {
  await using bench = new Bench("unreachable");
  deepEqual(bench.state, { kind: "connecting", attempt: 1 });
  await bench.clock.advance(0);
  deepEqual(bench.state, {
    kind: "waiting",
    reason: "failed: unreachable",
    retryInMs: 1_000,
    failures: 1,
  });
  bench.answer = "hang";
  await bench.clock.advance(1_000);
  deepEqual(bench.state, { kind: "connecting", attempt: 2 });
  await bench.end();
  deepEqual(bench.state, { kind: "closed" });
});

test("BrokerConnection closes each connection that was lost before it makes another", async () => {
  await using bench = new Bench("accept");
  await bench.clock.advance(0);
  deepEqual(bench.state, { kind: "online", sinceMs: 0, broker: "broker:1883", address: "192.0.2.7" });
  bench.last.lose();
  await bench.clock.advance(999);
  equal(bench.connections.length, 1);
  equal(bench.last.closed, "abruptly");
  deepEqual(bench.happened, ["online", "offline: failed: dropped"]);
});

test("BrokerConnection ends at once whatever it is doing", async () => {
  const preparations: Record<string, (bench: Bench) => Promise<void>> = {
    connecting: (bench) => {
      bench.answer = "hang";
      return bench.clock.advance(2_000);
    },
    waiting: (bench) => bench.clock.advance(100),
    probing: (bench) => {
      bench.listens = "hang";
      return bench.clock.advance(12_000);
    },
    online: (bench) => {
      bench.answer = "accept";
      return bench.clock.advance(2_000);
    },
  };
  for (const [doing, prepare] of Object.entries(preparations)) {
    const bench = new Bench("unreachable");
    await prepare(bench);
    await bench.end();
    equal(bench.state.kind, "closed", doing);
    equal(bench.clock.sleeping, 0, doing);
  }
});

test("BrokerConnection says goodbye only where that is asked for", async () => {
  for (const graceful of [true, false]) {
    const bench = new Bench("accept");
    bench.graceful = graceful;
    await bench.clock.advance(0);
    await bench.end();
    equal(bench.last.closed, graceful ? "gracefully" : "abruptly");
    deepEqual(bench.happened, ["online", "offline: the publisher was closed"]);
  }
});

test("BrokerConnection logs connections, losses and failures with their reason and the wait", async () => {
  await using bench = new Bench("unreachable");
  await bench.clock.advance(999);
  bench.answer = "accept";
  await bench.clock.advance(1);
  bench.last.lose();
  await bench.clock.advance(0);
  deepEqual(bench.log.records, [
    {
      level: "warning",
      event: "broker connection failed",
      fields: { host: "broker", reason: "failed: unreachable", retry_in_ms: 1_000 },
    },
    {
      level: "info",
      event: "broker connected",
      fields: { host: "broker", address: "192.0.2.7", attempt: 2, after_s: 1, dropped: 0 },
    },
    {
      level: "warning",
      event: "broker connection lost",
      fields: {
        host: "broker",
        reason: "failed: dropped",
        remedy:
          "if this happens again: the broker may forbid a topic (allow this client to publish to raw/#, status), or another " +
          "client may have the same client identifier, c1, and the two disconnect each other (give each scanner its own " +
          "scanner.id or mqtt.client.client_id)",
        lasted_s: 0,
        retry_in_ms: 3_000,
      },
    },
  ]);
});

test("BrokerConnection warns of connections that are lost again and again, until one lasts", async () => {
  await using bench = new Bench("accept");
  for (const lastedMs of [2_000, 3_000]) {
    equal(bench.losses.warning, null);
    await bench.clock.advance(lastedMs);
    bench.last.lose();
    await bench.clock.advance(3_000);
  }
  match(bench.losses.warning ?? "", /^the broker closed 2 connections in a row .*: another client may have/);
  // Another client that waits its minute by now would be back.
  await bench.clock.advance(100_000);
  match(bench.losses.warning ?? "", /another client may have/);
  await bench.clock.advance(20_000);
  equal(bench.losses.warning, null);
  equal(bench.warnings.at(-1), null);
});
