import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffMs } from "../../src/time/mod.ts";
import { test } from "../support/test.ts";

const POLICY = { initialDelayMs: 1_000, maxDelayMs: 60_000, exponential: true };
const longest = () => 1 - Number.EPSILON;

test("backoffMs() doubles with each failure up to the maximum", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 50].map((failures) => Math.round(backoffMs(failures, POLICY, longest)));
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test("backoffMs() stays at the initial delay where it is not exponential", () => {
  assert.equal(Math.round(backoffMs(9, { ...POLICY, exponential: false }, longest)), 1_000);
});

test("backoffMs() lies between a half and the whole of the longest wait, whatever the policy", () => {
  fc.assert(fc.property(
    fc.nat(10_000),
    fc.integer({ min: 1, max: 10_000 }),
    fc.integer({ min: 1, max: 100_000 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    (failures, initialDelayMs, maxDelayMs, chance) => {
      const policy = { initialDelayMs, maxDelayMs, exponential: true };
      const waitMs = backoffMs(failures, policy, () => chance);
      const longestMs = backoffMs(failures, policy, () => 1);
      assert.ok(longestMs <= maxDelayMs);
      assert.ok(waitMs >= longestMs / 2 && waitMs <= longestMs);
    },
  ));
});
