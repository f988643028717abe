import assert from "node:assert/strict";
import { newRunId } from "../../src/app/mod.ts";
import { test } from "../support/test.ts";

test("newRunId() is eight hexadecimal digits, whatever the number", () => {
  assert.equal(newRunId(() => 0), "00000000");
  assert.equal(newRunId(() => 0.5), "80000000");
  assert.equal(newRunId(() => 1 - Number.EPSILON / 2), "ffffffff");
});
