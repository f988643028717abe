import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Pulse } from "../../src/mqtt/pulse.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

const PIECE = 8_192;
const QUEUEING_MS = 1_250;

/** A link of some rate and delay, in front of which bytes queue. */
class Bench {
  readonly clock = new FakeClock(undefined, settlePromises);
  readonly pulse: Pulse;
  /** When the last byte written will have left. */
  #freeMs = 0;
  readonly #answersMs: number[] = [];
  readonly agesMs: number[] = [];

  constructor(public bytesPerMs: number, public roundTripMs: number) {
    this.pulse = new Pulse(this.clock, QUEUEING_MS, roundTripMs);
  }

  /** For so many seconds, there is always more to write. */
  async flood(seconds: number): Promise<void> {
    await this.run(seconds, Infinity);
  }

  /** For so many seconds, so many bytes come in each millisecond. */
  async run(seconds: number, offered: number): Promise<void> {
    let waiting = 0;
    for (let ms = 0; ms < seconds * 1_000; ms++) {
      waiting = Math.min(waiting + offered, 1_000 * PIECE);
      const nowMs = this.clock.monotonicMs();
      while ((this.#answersMs[0] ?? Infinity) <= nowMs) {
        this.#answersMs.shift();
        this.pulse.answered();
      }
      while (waiting >= PIECE && this.pulse.fits(PIECE)) {
        waiting -= PIECE;
        this.pulse.wrote(PIECE);
        this.#freeMs = Math.max(this.#freeMs, nowMs) + PIECE / this.bytesPerMs;
        this.agesMs.push(this.#freeMs - nowMs + this.roundTripMs / 2);
      }
      if (this.pulse.isDue(Math.min(waiting, PIECE))) {
        this.pulse.pinged();
        this.#answersMs.push(Math.max(this.#freeMs, nowMs) + this.roundTripMs);
      }
      await this.clock.advance(1);
    }
  }

  /** Bytes that were written. */
  get written(): number {
    return this.agesMs.length * PIECE;
  }
}

test("Pulse fills a slow link without letting what it carries grow old", async () => {
  for (const bytesPerMs of [4, 8, 32, 125]) {
    const bench = new Bench(bytesPerMs, 100);
    await bench.flood(20);
    const share = bench.written / (bytesPerMs * 20_000);
    ok(share > 0.8, `${share} of ${bytesPerMs} bytes/ms were used`);
    const oldest = Math.max(...bench.agesMs);
    ok(oldest < 4_200, `${oldest} ms on a link of ${bytesPerMs} bytes/ms`);
  }
});

test("Pulse lets a fast link carry what it can, near or far", async () => {
  for (const roundTripMs of [1, 50, 600]) {
    const bench = new Bench(5_000, roundTripMs);
    await bench.flood(12);
    const first = bench.written;
    await bench.flood(4);
    const bytesPerMs = (bench.written - first) / 4_000;
    ok(bytesPerMs > 1_500, `${bytesPerMs} bytes/ms at ${roundTripMs} ms`); // five thousand messages a second
  }
});

test("Pulse has little under way when a link becomes slow that carried what there was", async () => {
  const bench = new Bench(5_000, 5);
  await bench.run(30, 60);
  bench.bytesPerMs = 8;
  const before = bench.agesMs.length;
  await bench.run(30, 60);
  const ages = bench.agesMs.slice(before).toSorted((a, b) => a - b);
  const median = ages[ages.length >> 1] ?? 0;
  ok(median < 3_000, `${median} ms`);
  ok((ages.at(-1) ?? 0) < 12_000, `${ages.at(-1)} ms at first`);
});

test("Pulse is not taken in by a way that is long: a round trip of five seconds is no queue", async () => {
  const bench = new Bench(5_000, 5_000);
  await bench.flood(120);
  const before = bench.written;
  await bench.flood(20);
  ok((bench.written - before) / 20_000 > 300, `${(bench.written - before) / 20_000} bytes/ms`);
});

test("Pulse pings four times a second at most where nothing is held up, and not at all where little is sent", async () => {
  const bench = new Bench(5_000, 1);
  let pings = 0;
  const { pulse } = bench;
  const pinged = pulse.pinged.bind(pulse);
  Object.assign(pulse, { pinged: () => (pings++, pinged()) });
  await bench.run(10, 60);
  ok(pings >= 20 && pings <= 45, `${pings}`);
  const quiet = new Pulse(bench.clock, QUEUEING_MS, 1);
  quiet.wrote(8_000);
  equal(quiet.isDue(200), false);
});

test("Pulse has patience for as long as answers take, and two seconds for those that take no time", async () => {
  const near = new Bench(5_000, 1);
  equal(near.pulse.patienceMs, 2_002);
  const far = new Bench(5_000, 5_000);
  equal(far.pulse.patienceMs, 12_000);
  near.pulse.pinged();
  await near.clock.advance(4_000);
  near.pulse.answered();
  equal(near.pulse.patienceMs, 10_000);
  for (let answer = 0; answer < 12; answer++) {
    near.pulse.pinged();
    await near.clock.advance(1);
    near.pulse.answered();
  }
  ok(near.pulse.patienceMs < 2_010, `${near.pulse.patienceMs}`);
});

test("Pulse never stops a link for good, whatever answers come, and when", async () => {
  const steps = fc.array(
    fc.record({ ms: fc.integer({ min: 0, max: 60_000 }), answers: fc.integer({ min: 0, max: 3 }) }),
    { maxLength: 50 },
  );
  await fc.assert(fc.asyncProperty(steps, async (steps) => {
    const clock = new FakeClock(undefined, settlePromises);
    const pulse = new Pulse(clock, QUEUEING_MS, 1);
    for (const { ms, answers } of steps) {
      while (pulse.fits(PIECE)) pulse.wrote(PIECE);
      if (pulse.isDue(PIECE)) pulse.pinged();
      ok(pulse.isPinging, "what has no room waits for an answer");
      await clock.advance(ms);
      for (let answer = 0; answer < answers; answer++) pulse.answered();
      if (answers > 0) ok(pulse.fits(PIECE));
    }
    deepEqual([pulse.patienceMs >= 2_000, Number.isFinite(pulse.patienceMs)], [true, true]);
  }));
});
