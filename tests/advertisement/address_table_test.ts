import assert from "node:assert/strict";
import fc from "fast-check";
import { AddressTable } from "../../src/advertisement/mod.ts";
import { test } from "../support/test.ts";
import { numbered } from "./support.ts";

const anyAddress = fc.oneof(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.integer({ min: 0, max: 40 })).map(numbered);

test("AddressTable numbers addresses in the order in which they come, and never again", () => {
  fc.assert(fc.property(fc.array(anyAddress, { maxLength: 2_000, size: "max" }), (addresses) => {
    const table = new AddressTable();
    const model = new Map<string, number>();
    for (const each of addresses) {
      assert.equal(table.find(each), model.get(each) ?? -1);
      if (!model.has(each)) model.set(each, model.size);
      assert.equal(table.add(each), model.get(each));
    }
    for (const [each, number] of model) assert.equal(table.find(each), number);
    assert.equal(table.size, model.size);
  }));
});

test("AddressTable tells addresses apart that differ in one bit", () => {
  const table = new AddressTable();
  const addresses = Array.from({ length: 48 }, (_, bit) => numbered(2 ** bit));
  assert.deepEqual(addresses.map((each) => table.add(each)), addresses.map((_, number) => number));
});

test("AddressTable is not slowed down by addresses that fall on one place in another table", () => {
  const [highFactor, lowFactor] = [0x9e3779b1, 0x85ebca6b];
  const factor = Math.imul(inverseOf(lowFactor), highFactor);
  const addresses: string[] = [];
  for (let high = 0; addresses.length < 5_000; high++) {
    const low = Math.imul(factor, high) >>> 0;
    if (low < 2 ** 24) addresses.push(numbered(high * 2 ** 24 + low));
  }
  const msOf = (table: AddressTable) => {
    const startMs = performance.now();
    for (const address of addresses) table.add(address);
    return performance.now() - startMs;
  };
  const known = () => {
    const numbers = [highFactor, lowFactor].map((factor) => factor / 2 ** 32);
    return new AddressTable(() => numbers.shift() ?? NaN);
  };
  const ratios = Array.from({ length: 3 }, () => msOf(known()) / msOf(new AddressTable())).sort((a, b) => a - b);
  assert.ok((ratios[1] ?? NaN) > 4, ratios.join());
});

/** Of an odd number, modulo 2³². */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let times = 0; times < 5; times++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}
