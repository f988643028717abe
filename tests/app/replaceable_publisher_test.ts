import assert from "node:assert/strict";
import fc from "fast-check";
import { ReplaceablePublisher } from "../../src/app/replaceable_publisher.ts";
import { settlePromises } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { test } from "../support/test.ts";

/** One connection, which loses at its end what it has not settled. */
class FakeConnection extends FakePublisher implements AsyncDisposable {
  readonly steps: string[] = [];

  start(): void {
    this.steps.push("start");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.steps.push("goodbye");
    await settlePromises();
    for (const { settle } of this.taken.splice(0)) settle(new Error("closed"));
  }
}

function bench() {
  const connections: FakeConnection[] = [];
  const publisher = new ReplaceablePublisher(() => {
    const connection = new FakeConnection();
    connection.settlesAtOnce = false;
    connections.push(connection);
    return connection;
  });
  return { connections, publisher };
}

test("ReplaceablePublisher says goodbye before it begins to connect anew, and is offline in between", async () => {
  const { connections, publisher } = bench();
  assert.equal(publisher.publish("t", "too early", () => {}), "offline");
  publisher.start();
  assert.equal(publisher.publish("t", "1", () => {}), "accepted");
  const replacing = publisher.replace();
  assert.deepEqual([connections.length, publisher.publish("t", "2", () => {})], [1, "offline"]);
  await replacing;
  assert.deepEqual(connections.map(({ steps }) => steps), [["start", "goodbye"], ["start"]]);
  assert.equal(publisher.publish("t", "3", () => {}), "accepted");
});

test("ReplaceablePublisher.ready() waits through a replacement, and ends with its signal or the publisher", async () => {
  const { connections, publisher } = bench();
  const ready = publisher.ready(AbortSignal.timeout(20_000));
  publisher.start();
  await ready;
  const replacing = publisher.replace();
  const again = publisher.ready(AbortSignal.timeout(20_000));
  await replacing;
  await again;
  assert.equal(connections.length, 2);
  await publisher[Symbol.asyncDispose]();
  await assert.rejects(publisher.ready(AbortSignal.timeout(20_000)), /closed/);
  publisher.start();
  assert.equal(connections.length, 2);
  const { publisher: idle } = bench();
  await assert.rejects(idle.ready(AbortSignal.abort(new Error("told to end"))), /told to end/);
});

test("ReplaceablePublisher that is disposed of during a replacement makes no other connection", async () => {
  const { connections, publisher } = bench();
  publisher.start();
  const replacing = publisher.replace();
  await publisher[Symbol.asyncDispose]();
  await replacing;
  assert.equal(connections.length, 1);
});

test("ReplaceablePublisher: each message ends exactly once, whatever is replaced when", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant("publish" as const) },
    { weight: 3, arbitrary: fc.constant("settle" as const) },
    fc.constantFrom("replace" as const, "let run" as const),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    const { connections, publisher } = bench();
    publisher.start();
    const ends: number[] = [];
    const replacing: Promise<void>[] = [];
    for (const each of steps) {
      if (each === "publish") {
        const number = ends.push(0) - 1;
        const end = () => void (ends[number] = (ends[number] ?? 0) + 1);
        if (publisher.publish("t", "", end) !== "accepted") end();
      } else if (each === "settle") connections.at(-1)?.taken.shift()?.settle(null);
      else if (each === "let run") await settlePromises();
      else if (replacing.length === connections.length - 1) replacing.push(publisher.replace());
    }
    await Promise.all(replacing);
    await publisher[Symbol.asyncDispose]();
    assert.deepEqual(ends, ends.map(() => 1));
  }));
});
