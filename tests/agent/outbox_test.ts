import assert from "node:assert/strict";
import { ReportCounter } from "../../src/agent/counters.ts";
import { FailureLog } from "../../src/agent/failure_log.ts";
import { LiveOutbox, PacedOutbox } from "../../src/agent/outbox.ts";
import { MessageDropped } from "../../src/agent/ports.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

function parts(level: "debug" | "info" = "debug") {
  const publisher = new FakePublisher();
  const counter = new ReportCounter();
  const log = new RecordingLog(level);
  const failures = new FailureLog("publish failed", log, new FakeClock());
  return { publisher, counter, log, failures };
}

function fates(counter: ReportCounter): Record<string, number> {
  const { filteredBy: _, ...counts } = counter.snapshot();
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

test("LiveOutbox counts what the broker has and logs each publish at debug", () => {
  const { publisher, counter, log, failures } = parts();
  const outbox = new LiveOutbox({ publisher, counter, log, failures });
  publisher.settlesAtOnce = false;
  counter.received();
  outbox.put("t", "p");
  assert.deepEqual(fates(counter), { received: 1, inFlight: 1 });
  publisher.taken[0]?.settle(null);
  assert.deepEqual(fates(counter), { received: 1, published: 1 });
  assert.deepEqual(log.of("published").map((r) => [r.level, r.fields]), [["debug", { topic: "t" }]]);
});

test("LiveOutbox drops what the broker does not take, by reason; only what is no consequence of an outage is logged", () => {
  const { publisher, counter, log, failures } = parts("info");
  const outbox = new LiveOutbox({ publisher, counter, log, failures });
  for (const outcome of ["offline", "backpressure", "backpressure"] as const) {
    publisher.outcome = outcome;
    counter.received();
    outbox.put("t", "p");
  }
  assert.equal(outbox.room(), undefined);
  assert.deepEqual(fates(counter), { received: 3, droppedOffline: 1, droppedBackpressure: 2 });
  assert.deepEqual(log.of("publish failed").map((r) => r.fields["reason"]), ["backpressure"]);
});

test("LiveOutbox counts a message that a lost connection took as dropped", async () => {
  const { publisher, counter, log, failures } = parts("info");
  const outbox = new LiveOutbox({ publisher, counter, log, failures });
  publisher.settlesAtOnce = false;
  counter.received();
  outbox.put("t", "p");
  publisher.taken[0]?.settle(new Error("reset"));
  await outbox.drained();
  assert.deepEqual(fates(counter), { received: 1, droppedOffline: 1 });
  assert.deepEqual(log.records, []);
});

test("LiveOutbox counts by its own reason what waited too long, and what the broker never acknowledged", () => {
  const { publisher, counter, log, failures } = parts("info");
  const outbox = new LiveOutbox({ publisher, counter, log, failures });
  publisher.settlesAtOnce = false;
  for (const how of ["backpressure", "unacknowledged", "unacknowledged"] as const) {
    counter.received();
    outbox.put("t", "p");
    publisher.taken.pop()?.settle(new MessageDropped(how, "too late"));
  }
  assert.deepEqual(fates(counter), { received: 3, droppedBackpressure: 1, droppedUnacknowledged: 2 });
  assert.deepEqual(log.of("publish failed").map((r) => r.fields["reason"]), ["backpressure", "unacknowledged"]);
});

test("PacedOutbox waits for room and loses nothing", async () => {
  const { publisher, counter, log, failures } = parts();
  const outbox = new PacedOutbox({ publisher, counter, log, failures }, new AbortController().signal);
  publisher.outcome = "offline";
  for (const payload of ["1", "2", "3"]) {
    counter.received();
    outbox.put("t", payload);
  }
  const room = outbox.room();
  assert.notEqual(room, undefined);
  assert.deepEqual(fates(counter), { received: 3, inFlight: 3 });
  publisher.outcome = "accepted";
  await room;
  await outbox.drained();
  assert.deepEqual(publisher.taken.map((m) => m.payload), ["1", "2", "3"]);
  assert.equal(outbox.room(), undefined);
  assert.deepEqual(fates(counter), { received: 3, published: 3 });
});

test("PacedOutbox sends again what a lost connection took, before it is drained", async () => {
  const { publisher, counter, log, failures } = parts();
  const outbox = new PacedOutbox({ publisher, counter, log, failures }, new AbortController().signal);
  publisher.settlesAtOnce = false;
  counter.received();
  outbox.put("t", "1");
  assert.equal(outbox.room(), undefined);
  const drained = outbox.drained();
  publisher.settlesAtOnce = true;
  await Promise.resolve();
  publisher.taken[0]?.settle(new Error("reset"));
  await drained;
  assert.equal(publisher.taken.length, 2);
  assert.deepEqual(fates(counter), { received: 1, published: 1 });
});

test("PacedOutbox sends again what was lost just as all was sent", async () => {
  const { publisher, counter, log, failures } = parts();
  const outbox = new PacedOutbox({ publisher, counter, log, failures }, new AbortController().signal);
  publisher.settlesAtOnce = false;
  counter.received();
  outbox.put("t", "1");
  const drained = outbox.drained(); // has sent it
  publisher.settlesAtOnce = true;
  publisher.taken[0]?.settle(new Error("reset"));
  await drained;
  assert.deepEqual(fates(counter), { received: 1, published: 1 });
});

test("PacedOutbox sends again in the order of the recording, however often it is interrupted", async () => {
  const { publisher, counter, log, failures } = parts();
  const outbox = new PacedOutbox({ publisher, counter, log, failures }, new AbortController().signal);
  publisher.settlesAtOnce = false;
  for (const payload of ["1", "2", "3", "4"]) {
    counter.received();
    outbox.put("t", payload);
    outbox.room();
  }
  const sent = () => publisher.taken.map(({ payload }) => payload);
  const lose = (...payloads: string[]) => {
    for (const { payload, settle } of publisher.taken.splice(0)) {
      settle(payloads.includes(payload) ? new Error() : null);
    }
  };
  lose("1", "3", "4");
  outbox.room();
  assert.deepEqual(sent(), ["1", "3", "4"]);
  lose("1", "4");
  publisher.settlesAtOnce = true;
  await outbox.drained();
  assert.deepEqual(sent(), ["1", "4"]);
  assert.deepEqual(fates(counter), { received: 4, published: 4 });
});

test("PacedOutbox counts what still waits as dropped when the agent is to end", async () => {
  const { publisher, counter, log, failures } = parts();
  const controller = new AbortController();
  const outbox = new PacedOutbox({ publisher, counter, log, failures }, controller.signal);
  publisher.settlesAtOnce = false;
  counter.received();
  outbox.put("t", "1");
  outbox.room();
  publisher.outcome = "backpressure";
  counter.received();
  outbox.put("t", "2");
  const room = outbox.room();
  controller.abort();
  await room;
  await outbox.drained();
  assert.deepEqual(fates(counter), { received: 2, droppedOffline: 1, inFlight: 1 });
  publisher.taken[0]?.settle(new Error("closed"));
  assert.deepEqual(fates(counter), { received: 2, droppedOffline: 2 });
});
