import assert from "node:assert/strict";
import { timeLimit } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

test("timeLimit() aborts its signal when the time is over, and not before", async () => {
  const clock = new FakeClock();
  using limit = timeLimit(clock, 2_000);
  await clock.advance(1_999);
  assert.equal(limit.signal.aborted, false);
  await clock.advance(1);
  assert.equal(limit.signal.aborted, true);
  assert.deepEqual([limit.signal.reason.name, limit.signal.reason.message], ["TimeoutError", "took longer than 2 s"]);
});

test("timeLimit() makes the reason it was given only when the time is over", async () => {
  const clock = new FakeClock();
  let made = 0;
  const reason = () => `reason ${++made}`;
  {
    using _inTime = timeLimit(clock, 10, { reason });
  }
  using late = timeLimit(clock, 10, { reason });
  await clock.advance(60_000);
  assert.equal(late.signal.reason, "reason 1");
});

test("timeLimit() aborts with the signal it was given, for its reason, before or after the beginning", () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  using begun = timeLimit(clock, 10, { signal: controller.signal });
  controller.abort("told to end");
  using aborted = timeLimit(clock, 10, { signal: controller.signal });
  assert.deepEqual([begun, aborted].map(({ signal }) => signal.reason), ["told to end", "told to end"]);
});

test("timeLimit() of null is bounded by the signal alone", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  using limit = timeLimit(clock, null, { signal: controller.signal });
  assert.equal(clock.sleeping, 0);
  await clock.advance(1e12);
  assert.equal(limit.signal.aborted, false);
  controller.abort();
  assert.equal(limit.signal.aborted, true);
});

test("timeLimit() leaves no timer and no listener behind at the end of its scope", () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal), remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  {
    using limit = timeLimit(clock, 10, { signal });
    assert.deepEqual([listeners, clock.sleeping, limit.signal.aborted], [1, 1, false]);
  }
  assert.deepEqual([listeners, clock.sleeping], [0, 0]);
});
