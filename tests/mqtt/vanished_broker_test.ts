import { deepEqual, equal, rejects } from "node:assert/strict";
import { untilVanished } from "../../src/mqtt/vanished_broker.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

/** A connection over which the test decides, watched. */
class Bench implements AsyncDisposable {
  readonly clock = new FakeClock(undefined, settlePromises);
  readonly #ending = new AbortController();
  readonly watching: Promise<void>;
  received = 0;
  sent = 0;
  /** Whether a ping is answered, and whether the address can be reached. */
  answers = true;
  reachable = true;
  /** Whether it is heard while it is probed. */
  answersLate = false;
  patienceMs = 2_000;
  pings = 0;
  probes = 0;
  gaveUp = false;

  constructor() {
    const parts = {
      received: () => this.received,
      sent: () => this.sent,
      patienceMs: () => this.patienceMs,
      ping: () => {
        this.pings++;
        this.sent += 2;
        if (this.answers) this.received += 2;
      },
      reaches: () => {
        this.probes++;
        if (this.answersLate) this.received += 4;
        return Promise.resolve(this.reachable);
      },
    };
    this.watching = untilVanished(parts, this.clock, this.#ending.signal).then(() => void (this.gaveUp = true));
    this.watching.catch(() => {});
  }

  /** Lets so many seconds pass, in each of which a message is sent. */
  async sending(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.sent += 300;
      await this.clock.advance(1_000);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.watching.catch(() => {});
  }
}

test("untilVanished() pings a peer that says nothing while messages are sent, and is content with the answers", async () => {
  await using bench = new Bench();
  await bench.sending(60);
  deepEqual([bench.pings, bench.probes, bench.gaveUp], [15, 0, false]);
});

test("untilVanished() leaves a connection alone that carries nothing", async () => {
  await using bench = new Bench();
  bench.answers = bench.reachable = false;
  await bench.clock.advance(3_600_000);
  deepEqual([bench.pings, bench.probes, bench.gaveUp], [0, 0, false]);
});

test("untilVanished() leaves a connection alone on which acknowledgements come", async () => {
  await using bench = new Bench();
  bench.answers = bench.reachable = false;
  for (let second = 0; second < 60; second++) {
    bench.received += 4;
    await bench.sending(1);
  }
  deepEqual([bench.pings, bench.probes, bench.gaveUp], [0, 0, false]);
});

test("untilVanished() gives up a peer that answers neither a ping nor a new connection, after four to six seconds", async () => {
  for (const beforeS of [2, 3]) {
    await using bench = new Bench();
    await bench.sending(beforeS);
    bench.received += 4;
    bench.answers = bench.reachable = false;
    await bench.sending(4);
    equal(bench.gaveUp, false);
    await bench.sending(2);
    deepEqual([bench.probes, bench.gaveUp], [1, true]);
  }
});

test("untilVanished() gives up a peer that took all there was room for, right after it was heard for the last time", async () => {
  await using bench = new Bench();
  await bench.sending(2);
  bench.received += 4;
  bench.answers = bench.reachable = false;
  await bench.sending(1);
  await bench.clock.advance(7_000);
  deepEqual([bench.pings, bench.probes, bench.gaveUp], [2, 1, true]);
});

test("untilVanished() asks once where the last word was perhaps no answer, and then is content", async () => {
  await using bench = new Bench();
  bench.received += 4;
  await bench.sending(1);
  await bench.clock.advance(3_600_000);
  deepEqual([bench.pings, bench.probes, bench.gaveUp], [1, 0, false]);
});

test("untilVanished() does not give up a peer that is frozen but can be reached", async () => {
  await using bench = new Bench();
  bench.answers = false;
  await bench.sending(60);
  equal(bench.gaveUp, false);
  equal(bench.pings, 1);
  bench.reachable = false;
  await bench.sending(3);
  equal(bench.gaveUp, true);
});

test("untilVanished() does not give up a peer that is heard while it is probed", async () => {
  await using bench = new Bench();
  bench.answers = bench.reachable = false;
  bench.answersLate = true;
  await bench.sending(20);
  equal(bench.gaveUp, false);
  bench.answersLate = false;
  await bench.sending(10);
  equal(bench.gaveUp, true);
});

test("untilVanished() is as patient as answers take long", async () => {
  await using bench = new Bench();
  bench.patienceMs = 12_000;
  await bench.sending(2); // the first look
  bench.answers = bench.reachable = false;
  await bench.sending(35);
  deepEqual([bench.probes, bench.gaveUp], [0, false]);
  await bench.sending(2);
  deepEqual([bench.probes, bench.gaveUp], [1, true]);
});

test("untilVanished() ends at once when it is told to", async () => {
  const bench = new Bench();
  await bench.sending(4);
  await bench[Symbol.asyncDispose]();
  await rejects(bench.watching, { name: "AbortError" });
  equal(bench.clock.sleeping, 0);
});
