import assert from "node:assert/strict";
import { Random } from "../../src/hci/simulated/random.ts";
import { test } from "../support/test.ts";
import { type Point, slopeOf } from "./slope.ts";

/** An hour of samples each 5 s that grow by `perHour`; what disturbs one stays with the next ones to a share of `memory`. */
function samples(seed: number, perHour: number, memory: number): Point[] {
  const random = new Random(seed);
  let noise = 0;
  return Array.from({ length: 720 }, (_, i) => {
    noise = memory * noise + random.below(1_000) - 499.5;
    return { atS: 5 * i, value: 20_000 + perHour * i / 720 + noise };
  });
}

/** How many of a hundred runs have the true slope within their interval. */
function covered(perHour: number, memory: number): number {
  return Array.from({ length: 100 }, (_, seed) => slopeOf(samples(seed, perHour, memory))).filter((slope) =>
    slope !== null && slope.lowPerHour <= perHour && perHour <= slope.highPerHour
  ).length;
}

test("slopeOf() finds the slope of a line without noise", () => {
  const slope = slopeOf(Array.from({ length: 100 }, (_, i) => ({ atS: 36 * i, value: 5 + 2 * i })));
  assert.ok(Math.abs((slope?.perHour ?? 0) - 200) < 1e-6);
  assert.ok(Math.abs((slope?.highPerHour ?? 0) - 200) < 1e-6);
});

test("slopeOf() is right about 95 times of a hundred, where samples are independent and where they are not", () => {
  for (const memory of [0, 0.9, 0.98]) {
    for (const perHour of [0, 3_000]) {
      const count = covered(perHour, memory);
      assert.ok(count >= 90, `${count} of 100 for a memory of ${memory}`);
    }
  }
});

test("slopeOf() is sure of growth that is plain", () => {
  for (let seed = 0; seed < 20; seed++) {
    assert.ok((slopeOf(samples(seed, 5_000, 0.9))?.lowPerHour ?? 0) > 1_000);
  }
});

test("slopeOf() says nothing of too few samples", () => {
  assert.equal(slopeOf([]), null);
  assert.equal(slopeOf(samples(1, 0, 0).slice(0, 10)), null);
});
