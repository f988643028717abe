import { deepEqual, equal } from "node:assert/strict";
import { Attempt } from "../../src/mqtt/attempt.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

const TIMEOUT_MS = 10_000;

/** How long an attempt may take whose TCP connection comes after `tcpMs`. */
async function limit(roundTripMs: number, tcpMs: number): Promise<number> {
  const clock = new FakeClock(undefined, settlePromises);
  const attempt = new Attempt(clock, TIMEOUT_MS, roundTripMs);
  let lateMs = NaN;
  const late = attempt.late().then(() => lateMs = clock.monotonicMs());
  await clock.advance(Math.min(tcpMs, 100_000));
  if (tcpMs < 100_000) attempt.connected();
  await clock.advance(200_000);
  await late;
  return lateMs;
}

test("Attempt gives the broker four round trips more than the usual, as TCP or the last connection shows them", async () => {
  equal(await limit(0, 1), 10_004);
  equal(await limit(0, 5_000), 30_000);
  equal(await limit(5_000, 1), 30_000);
});

test("Attempt never waits for TCP longer than twice the usual", async () => {
  equal(await limit(0, Infinity), 10_000);
  equal(await limit(2_000, Infinity), 18_000);
  equal(await limit(60_000, Infinity), 20_000);
});

test("Attempt takes the shortest answer for the first measure of the way", async () => {
  const clock = new FakeClock(undefined, settlePromises);
  const attempt = new Attempt(clock, TIMEOUT_MS, 0);
  await clock.advance(3_050); // TCP began three times
  attempt.connected();
  await clock.advance(50);
  attempt.accepted();
  deepEqual([attempt.shortestMs, clock.sleeping], [50, 0]);
});
