import { deepEqual, equal } from "node:assert/strict";
import { ConnectionLog } from "../../src/mqtt/connection_log.ts";
import { ConnectionFailure } from "../../src/mqtt/failure.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const REFUSED = new ConnectionFailure("unreachable", "connection refused", "start the broker");
const REJECTED = new ConnectionFailure("rejected", "not authorised (5)", "check the password");
const LOST = new ConnectionFailure("dropped", "connection closed by the broker", null);

function setUp({ droppedBefore = 0 } = {}) {
  const clock = new FakeClock(undefined, settlePromises);
  const log = new RecordingLog();
  const drops = { count: droppedBefore };
  const connectionLog = new ConnectionLog(log, clock, () => drops.count);
  return { clock, log, drops, connectionLog };
}

const WHERE = { host: "broker", port: 1883 };
const levels = (log: RecordingLog) => log.records.map((record) => record.level);

test("ConnectionLog writes a reason with its remedy once, then at debug", () => {
  const { log, connectionLog } = setUp();
  for (const waitMs of [512, 1_025]) {
    connectionLog.failed("broker connection failed", WHERE, REFUSED, { retry_in_ms: waitMs });
  }
  const fields = { host: "broker", port: 1883, reason: "connection refused", remedy: "start the broker" };
  deepEqual(log.records, [
    { level: "warning", event: "broker connection failed", fields: { ...fields, retry_in_ms: 512 } },
    { level: "debug", event: "broker connection failed", fields: { ...fields, retry_in_ms: 1_025 } },
  ]);
});

test("ConnectionLog tells an outage as one story: why it began, each minute how it goes on, what it cost", async () => {
  const { clock, log, drops, connectionLog } = setUp();
  const ending = new AbortController();
  const running = connectionLog.run(ending.signal);
  connectionLog.online({ ...WHERE, attempt: 1 });
  await clock.advance(100_000);
  drops.count = 7; // what the connection took with it
  connectionLog.failed("broker connection lost", WHERE, LOST, { lasted_s: 100, retry_in_ms: 1_000 });
  for (let second = 0; second < 150; second += 10) {
    connectionLog.failed("broker connection failed", WHERE, REFUSED, { retry_in_ms: 10_000 });
    await clock.advance(10_000);
    drops.count += 1_000;
  }
  connectionLog.online({ ...WHERE, attempt: 16 });
  await clock.advance(200_000);
  ending.abort();
  await running;
  const where = { host: "broker", port: 1883 };
  const refused = { ...where, reason: "connection refused", remedy: "start the broker" };
  deepEqual(log.records.filter(({ level }) => level !== "debug"), [
    { level: "info", event: "broker connected", fields: { ...where, attempt: 1 } },
    {
      level: "warning",
      event: "broker connection lost",
      fields: { ...where, reason: LOST.message, lasted_s: 100, retry_in_ms: 1_000 },
    },
    { level: "warning", event: "broker connection failed", fields: { ...refused, retry_in_ms: 10_000 } },
    {
      level: "warning",
      event: "still no broker connection",
      fields: { ...refused, failures: 7, for_s: 60, dropped: 5_007 },
    },
    {
      level: "warning",
      event: "still no broker connection",
      fields: { ...refused, failures: 13, for_s: 120, dropped: 11_007 },
    },
    { level: "info", event: "broker connected", fields: { ...where, attempt: 16, after_s: 150, dropped: 15_007 } },
  ]);
});

test("ConnectionLog does not charge an outage with what was dropped before it began to tell", () => {
  const { log, drops, connectionLog } = setUp({ droppedBefore: 5_000 });
  connectionLog.failed("broker connection failed", WHERE, REFUSED, {});
  drops.count += 7;
  connectionLog.online({ ...WHERE, attempt: 2 });
  equal(log.of("broker connected")[0]?.fields.dropped, 7);
});

test("ConnectionLog writes another reason at once, and reasons that alternate once each", () => {
  const { log, connectionLog } = setUp();
  for (const failure of [REFUSED, REJECTED, REFUSED, REJECTED]) {
    connectionLog.failed("broker connection failed", WHERE, failure, { retry_in_ms: 1_000 });
  }
  deepEqual(levels(log), ["warning", "error", "debug", "debug"]);
});

test("ConnectionLog takes a reason for the same whatever the time limit was", () => {
  const { log, connectionLog } = setUp();
  for (const reason of ["did not answer within 300 ms", "did not answer within 412 ms", "nothing heard for 1.5 s"]) {
    connectionLog.failed("broker connection failed", WHERE, new ConnectionFailure("unresponsive", reason, null), {});
  }
  deepEqual(levels(log), ["warning", "debug", "warning"]);
});

test("ConnectionLog writes at error what only a person can help", async () => {
  const { clock, log, connectionLog } = setUp();
  const ending = new AbortController();
  const running = connectionLog.run(ending.signal);
  connectionLog.failed("broker connection failed", WHERE, REJECTED, { retry_in_ms: 1_000 });
  await clock.advance(60_000);
  deepEqual(levels(log), ["error", "error"]);
  ending.abort();
  await running;
  equal(clock.sleeping, 0);
});

test("ConnectionLog writes each connection that was lost, however often", () => {
  const { log, connectionLog } = setUp();
  for (let time = 0; time < 3; time++) {
    connectionLog.online({ ...WHERE, attempt: 1 });
    connectionLog.failed("broker connection lost", WHERE, LOST, { retry_in_ms: 1_000 });
  }
  deepEqual(levels(log), ["info", "warning", "info", "warning", "info", "warning"]);
});

test("ConnectionLog writes no more than twenty reasons in one outage", () => {
  const { log, connectionLog } = setUp();
  for (let time = 0; time < 1_000; time++) {
    connectionLog.failed("broker connection failed", WHERE, new ConnectionFailure("unreachable", `no. ${time}`, null), {
      retry_in_ms: 1_000,
    });
  }
  equal(levels(log).filter((level) => level === "warning").length, 20);
});
