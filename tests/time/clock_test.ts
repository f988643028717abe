import assert from "node:assert/strict";
import { systemClock } from "../../src/time/mod.ts";
import { test } from "../support/test.ts";

test("systemClock.sleep() waits on the monotonic clock", async () => {
  const startMs = systemClock.monotonicMs();
  await systemClock.sleep(20);
  assert.ok(systemClock.monotonicMs() - startMs >= 19);
});

test("systemClock.sleep() rejects with the signal's reason and leaves no timer behind", async () => {
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(sleeping, { message: "enough" });
});

test("systemClock.sleep() does not begin under an aborted signal", async () => {
  await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(new Error("over"))), { message: "over" });
});

test("systemClock.wallMs() is the time of day", () => {
  assert.ok(Math.abs(systemClock.wallMs() - new Date().getTime()) < 60_000);
});
