import assert from "node:assert/strict";
import { test, unsuppressed } from "./test.ts";

test("test() shows all errors of a test that failed and could not clear up either", async () => {
  const body = async () => {
    await using _ = { [Symbol.asyncDispose]: () => Promise.reject(new Error("third")) };
    await using __ = { [Symbol.asyncDispose]: () => Promise.reject(new Error("second")) };
    throw new Error("first");
  };
  const shown = await body().catch(unsuppressed);
  assert.ok(shown instanceof AggregateError);
  assert.deepEqual(shown.errors.map(({ message }) => message), ["first", "second", "third"]);
  const plain = new Error("alone");
  assert.equal(unsuppressed(plain), plain);
});
