import { deepEqual, equal } from "node:assert/strict";
import { ConnectionLog } from "../../src/mqtt/connection_log.ts";
import { ConnectionFailure } from "../../src/mqtt/failure.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const REFUSED = new ConnectionFailure("unreachable", "connection refused", "start the broker");
const REJECTED = new ConnectionFailure("rejected", "not authorised (5)", "check the password");

function setUp() {
  const clock = new FakeClock();
  const log = new RecordingLog();
  return { clock, log, connectionLog: new ConnectionLog(log, clock, { host: "broker", port: 1883 }) };
}

const levels = (log: RecordingLog) => log.records.map((record) => record.level);

test("ConnectionLog writes a reason with its remedy once, then at debug", () => {
  const { log, connectionLog } = setUp();
  for (const waitMs of [512.3, 1_024.7]) connectionLog.failed("broker connection failed", REFUSED, waitMs);
  const fields = { host: "broker", port: 1883, reason: "connection refused", remedy: "start the broker" };
  deepEqual(log.records, [
    { level: "warning", event: "broker connection failed", fields: { ...fields, retry_in_ms: 512 } },
    { level: "debug", event: "broker connection failed", fields: { ...fields, retry_in_ms: 1_025 } },
  ]);
});

test("ConnectionLog summarises a reason that keeps coming once a minute, with its count", async () => {
  const { clock, log, connectionLog } = setUp();
  for (let second = 0; second <= 150; second += 10) {
    connectionLog.failed("broker connection failed", REFUSED, 10_000);
    await clock.advance(10_000);
  }
  const written = log.records.filter((record) => record.level === "warning").map(({ fields }) => fields);
  deepEqual(written.map(({ count, for_s }) => [count, for_s]), [[undefined, undefined], [7, 60], [13, 120]]);
});

test("ConnectionLog writes another reason at once, and reasons that alternate once each", () => {
  const { log, connectionLog } = setUp();
  for (const failure of [REFUSED, REJECTED, REFUSED, REJECTED]) {
    connectionLog.failed("broker connection failed", failure, 1_000);
  }
  deepEqual(levels(log), ["warning", "error", "debug", "debug"]);
});

test("ConnectionLog writes at error what only a person can help", () => {
  const { log, connectionLog } = setUp();
  connectionLog.failed("broker connection failed", REJECTED, 1_000);
  equal(log.records[0]?.level, "error");
});

test("ConnectionLog takes a reason for news after a stable connection, not after any", () => {
  const { log, connectionLog } = setUp();
  connectionLog.failed("broker connection lost", REFUSED, 1_000);
  connectionLog.online({ attempt: 2 });
  connectionLog.failed("broker connection lost", REFUSED, 1_000);
  connectionLog.stable();
  connectionLog.failed("broker connection lost", REFUSED, 1_000);
  deepEqual(levels(log), ["warning", "info", "debug", "warning"]);
});
