import assert from "node:assert/strict";
import fc from "fast-check";
import { RecentMap } from "../../src/advertisement/mod.ts";
import { test } from "../support/test.ts";

test("RecentMap holds what was set last", () => {
  const map = new RecentMap<string, number>(10);
  map.set("a", 1);
  map.set("a", 2);
  assert.deepEqual([map.get("a"), map.size], [2, 1]);
});

test("RecentMap never holds more than its size, and always the half that was set last", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 20 }), fc.array(fc.nat(50)), (maxSize, keys) => {
    const map = new RecentMap<number, number>(maxSize);
    const used: number[] = [];
    for (const key of keys) {
      map.set(key, key);
      used.splice(0, used.length, key, ...used.filter((each) => each !== key));
      assert.ok(map.size <= maxSize);
      for (const recent of used.slice(0, Math.floor(maxSize / 2))) assert.equal(map.get(recent), recent);
      assert.deepEqual([...map.values()].sort(), used.filter((each) => map.get(each) !== undefined).sort());
    }
  }));
});

test("RecentMap does not grow under a million random keys", () => {
  const map = new RecentMap<number, null>(4_096);
  for (let key = 0; key < 1_000_000; key++) map.set(key, null);
  assert.ok(map.size <= 4_096);
});
