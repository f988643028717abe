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
