import assert from "node:assert/strict";
import { ReportCounter } from "../../src/agent/counters.ts";
import { History } from "../../src/page/history.ts";
import { test } from "../support/test.ts";

const counts = (counter: ReportCounter) => ({ ...counter.snapshot(), missed: 0 });

test("History tells what was counted in each sample, and how long that was", () => {
  const counter = new ReportCounter();
  counter.received();
  const history = new History(counts(counter), 1_000);
  counter.received();
  counter.received();
  counter.ended("published");
  counter.ended("droppedOffline");
  history.sample(counts(counter), 11_000);
  history.sample(counts(counter), 21_500);
  assert.deepEqual(history.since(-Infinity), {
    atMs: [11_000, 21_500],
    spanMs: [10_000, 10_500],
    received: [2, 0],
    published: [1, 0],
    droppedOffline: [1, 0],
    droppedBackpressure: [0, 0],
    droppedRateLimited: [0, 0],
    droppedUnacknowledged: [0, 0],
    filtered: [0, 0],
    invalid: [0, 0],
  });
  assert.deepEqual(history.since(21_500).atMs, [21_500]);
  assert.deepEqual(history.since(21_501).atMs, []);
});

test("History has an hour, however long it runs", () => {
  const counter = new ReportCounter();
  const history = new History(counts(counter), 0);
  for (let sample = 1; sample <= 1_000; sample++) {
    for (let report = 0; report < sample; report++) counter.received();
    history.sample(counts(counter), sample * 10_000);
  }
  const { atMs, received } = history.since(-Infinity);
  assert.equal(atMs.length, 360);
  assert.deepEqual([atMs[0], atMs.at(-1)], [6_410_000, 10_000_000]);
  assert.deepEqual(received, Array.from({ length: 360 }, (_, index) => 641 + index));
});
