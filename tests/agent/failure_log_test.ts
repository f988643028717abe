import assert from "node:assert/strict";
import { FailureLog } from "../../src/agent/failure_log.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

test("FailureLog writes a failure once and summarises what follows", async () => {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const failures = new FailureLog("publish failed", log, clock);
  for (let i = 0; i < 5_000; i++) failures.failed("offline", { topic: `t${i}` });
  failures.failed("backpressure");
  assert.deepEqual(log.of("publish failed").map((r) => [r.level, r.fields]), [
    ["error", { reason: "offline", topic: "t0" }],
    ["error", { reason: "backpressure" }],
  ]);
  await clock.advance(60_000);
  failures.summarise();
  assert.deepEqual(log.of("publish failed again").map((r) => r.fields), [
    { reason: "offline", count: 4_999, over_s: 60, topic: "t4999" },
  ]);
});

test("FailureLog goes on summarising while the failure lasts", () => {
  const log = new RecordingLog();
  const failures = new FailureLog("publish failed", log, new FakeClock());
  for (let round = 0; round < 3; round++) {
    failures.failed("offline");
    failures.failed("offline");
    failures.summarise();
  }
  assert.equal(log.of("publish failed").length, 1);
  assert.deepEqual(log.of("publish failed again").map((r) => r.fields["count"]), [1, 2, 2]);
});

test("FailureLog writes at once again after an interval without failures", () => {
  const log = new RecordingLog();
  const failures = new FailureLog("publish failed", log, new FakeClock());
  failures.failed("offline");
  failures.summarise();
  failures.failed("offline");
  assert.equal(log.of("publish failed").length, 2);
});
