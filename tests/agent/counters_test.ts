import assert from "node:assert/strict";
import fc from "fast-check";
import { type Fate, ReportCounter } from "../../src/agent/counters.ts";
import { FILTER_REASONS, type FilterReason } from "../../src/agent/filter.ts";
import { test } from "../support/test.ts";

const FATES: readonly Fate[] = [
  "published",
  "droppedOffline",
  "droppedBackpressure",
  "droppedRateLimited",
  "droppedUnacknowledged",
  "invalid",
];

const isReason = (fate: typeof FATES[number] | FilterReason): fate is FilterReason =>
  FILTER_REASONS.some((reason) => reason === fate);

test("ReportCounter has a report in flight until its fate is known", () => {
  const counter = new ReportCounter();
  counter.received(2);
  assert.equal(counter.inFlight, 1);
  counter.ended("published");
  assert.deepEqual(counter.snapshot(), {
    received: 1,
    published: 1,
    droppedOffline: 0,
    droppedBackpressure: 0,
    droppedRateLimited: 0,
    droppedUnacknowledged: 0,
    filtered: 0,
    filteredBy: Object.fromEntries(FILTER_REASONS.map((reason) => [reason, 0])),
    invalid: 0,
    inFlight: 0,
    malformedStructures: 2,
  });
});

test("ReportCounter accounts for every report exactly once, at any moment", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.constantFrom(...FATES, ...FILTER_REASONS))), (steps) => {
    const counter = new ReportCounter();
    let inFlight = 0;
    for (const fate of steps) {
      if (fate === null || inFlight === 0) {
        counter.received();
        inFlight++;
      } else {
        if (isReason(fate)) counter.filtered(fate);
        else counter.ended(fate);
        inFlight--;
      }
      const now = counter.snapshot();
      assert.equal(now.inFlight, inFlight);
      assert.equal(now.filtered, FILTER_REASONS.reduce((sum, each) => sum + now.filteredBy[each], 0));
      assert.equal(now.received, FATES.reduce((sum, each) => sum + now[each], now.inFlight + now.filtered));
    }
  }));
});
