import assert from "node:assert/strict";
import fc from "fast-check";
import { AddressMap } from "../../src/advertisement/mod.ts";
import { test } from "../support/test.ts";
import { numbered } from "./support.ts";

test("AddressMap holds what was set last", () => {
  const map = new AddressMap<number>(10);
  map.set(numbered(1), 0);
  map.set(numbered(1), 2);
  assert.deepEqual([map.get(numbered(1)), map.get(numbered(2)), map.size], [2, undefined, 1]);
});

test("AddressMap never holds more than its size, and always the half that was set last", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 20 }), fc.array(fc.nat(50)), (maxSize, numbers) => {
    const map = new AddressMap<number>(maxSize);
    const used: number[] = [];
    for (const number of numbers) {
      map.set(numbered(number), number);
      used.splice(0, used.length, number, ...used.filter((each) => each !== number));
      assert.ok(map.size <= maxSize);
      for (const recent of used.slice(0, Math.floor(maxSize / 2))) assert.equal(map.get(numbered(recent)), recent);
    }
  }));
});

test("AddressMap does not grow under a million random addresses", () => {
  const map = new AddressMap<null>(4_096);
  for (let number = 0; number < 1_000_000; number++) {
    map.set(numbered(number * 0x123456 % 2 ** 48), null);
    assert.ok(map.size <= 4_096);
  }
});
