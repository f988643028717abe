import assert from "node:assert/strict";
import { abortable, untilAborted } from "../../src/time/mod.ts";
import { test } from "../support/test.ts";

const never = new Promise<never>(() => {});

test("untilAborted() is what the promise comes to", async () => {
  const { signal } = new AbortController();
  assert.equal(await untilAborted(Promise.resolve(1), signal), 1);
  await assert.rejects(untilAborted(Promise.reject(new Error("failed")), signal), /failed/);
});

test("untilAborted() rejects with the signal's reason, however late the signal", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = untilAborted(never, controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(untilAborted(never, controller.signal), reason);
});

test("untilAborted() leaves no rejection unhandled where the signal has aborted already", async () => {
  const failing = Promise.withResolvers<void>();
  await assert.rejects(untilAborted(failing.promise, AbortSignal.abort(new Error("enough"))), /enough/);
  failing.reject(new Error("nobody looks"));
  await new Promise((resolve) => setTimeout(resolve)); // an unhandled rejection would end the tests
});

test("abortable() rejects with what its beginning throws", async () => {
  const thrown = abortable(new AbortController().signal, () => {
    throw new Error("cannot begin");
  });
  await assert.rejects(thrown, /cannot begin/);
});
