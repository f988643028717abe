import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesName } from "../../src/agent/name_pattern.ts";
import { test } from "../support/test.ts";

const short = (unit: fc.Arbitrary<string>) => fc.array(unit, { maxLength: 8 }).map((units) => units.join(""));

test("matchesName() takes a pattern for what the same regular expression would mean", () => {
  const name = short(fc.constantFrom("a", "b", "é", "😀", "."));
  const pattern = short(fc.constantFrom("a", "b", "é", "😀", ".", "*", "?"));
  fc.assert(
    fc.property(pattern, name, (pattern, name) => {
      const source = pattern.replace(/[.]/g, "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      assert.equal(matchesName(pattern, name), new RegExp(`^${source}$`, "su").test(name));
    }),
    { numRuns: 2_000 },
  );
});

test("matchesName() takes any text for a name, and answers", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (name) => {
    assert.ok(matchesName(name.replaceAll("*", "?"), name));
    assert.ok(matchesName("*", name));
  }));
});

test("matchesName() has an end where a regular expression would try each way through", () => {
  assert.equal(matchesName("*a".repeat(31) + "*b", "a".repeat(254)), false);
});
