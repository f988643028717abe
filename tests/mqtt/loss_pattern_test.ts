import { equal, match } from "node:assert/strict";
import { ConnectionFailure } from "../../src/mqtt/failure.ts";
import { LossPattern } from "../../src/mqtt/loss_pattern.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

const CLOSED = new ConnectionFailure("dropped", "connection closed by the broker", null);
const RESET = new ConnectionFailure("dropped", "connection reset by the broker", null, {
  cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }),
});
const SILENT = new ConnectionFailure("dropped", "nothing heard", null, { cause: new Error("Keepalive timeout") });
const KNOWN = new ConnectionFailure("dropped", "too large", "send less");

class Bench {
  readonly clock = new FakeClock();
  readonly losses = new LossPattern({
    clientId: "bt-mqtt-s1",
    topics: ["ble/raw/s1/#", "ble/stats/s1"],
    reconnect: { initialDelayMs: 1_000, maxDelayMs: 60_000, exponential: true },
  }, this.clock);

  /** A connection of so many milliseconds, over which statistics go at these times. */
  async lose(livedMs: number, statsMs: readonly number[] = [], failure = CLOSED): Promise<string | null> {
    this.losses.accepted();
    let atMs = 0;
    for (const dueMs of statsMs) {
      await this.clock.advance(dueMs - atMs);
      atMs = dueMs;
      this.losses.announced("ble/stats/s1");
    }
    await this.clock.advance(livedMs - atMs);
    return this.losses.lost(failure, livedMs, livedMs < 10_000);
  }
}

test("LossPattern puts a forbidden topic first where the broker closes at once", async () => {
  const bench = new Bench();
  match(
    await bench.lose(50) ?? "",
    /^if this happens again: the broker may forbid a topic .*ble\/raw\/s1\/#, ble\/stats\/s1/,
  );
  equal(bench.losses.warning, null);
  match(await bench.lose(50, [], RESET) ?? "", /^the broker may forbid a topic .*, or another client .*bt-mqtt-s1/);
  match(
    bench.losses.warning ?? "",
    /^the broker closed 2 connections in a row soon after accepting them or their first message: /,
  );
});

test("LossPattern counts from the first message, which may come long after the connection", async () => {
  const bench = new Bench();
  for (const remedy of [/^if this happens again: the broker may forbid/, /^the broker may forbid/]) {
    bench.losses.accepted();
    await bench.clock.advance(3_000);
    bench.losses.published();
    await bench.clock.advance(50);
    match(bench.losses.lost(CLOSED, 3_050, true) ?? "", remedy);
  }
});

test("LossPattern sees a forbidden topic where so little is heard that connections last for minutes", async () => {
  const bench = new Bench();
  for (const remedy of [/^if this happens again: the broker may forbid/, /^the broker may forbid/]) {
    bench.losses.accepted();
    await bench.clock.advance(180_000);
    bench.losses.published();
    await bench.clock.advance(50);
    match(bench.losses.lost(CLOSED, 180_050, false) ?? "", remedy);
  }
  match(bench.losses.warning ?? "", /^the broker closed 2 connections in a row/);
});

test("LossPattern puts another client first where the broker closes soon, but not at once", async () => {
  const bench = new Bench();
  await bench.lose(50);
  match(await bench.lose(2_500) ?? "", /^another client may have .*bt-mqtt-s1.*, or the broker may forbid a topic/);
});

test("LossPattern goes on to name another client that waits longer and longer before it comes again", async () => {
  const bench = new Bench();
  for (const livedMs of [2_000, 2_500, 5_400, 15_500, 26_000, 47_800, 60_500]) await bench.lose(livedMs);
  match(await bench.lose(32_000) ?? "", /^another client may have .*bt-mqtt-s1/);
  match(bench.losses.warning ?? "", /^the broker closed 8 connections in a row soon after/);
  equal(await bench.lose(120_000), null);
  equal(bench.losses.warning, null);
});

test("LossPattern sees that connections end right after their first statistics", async () => {
  const bench = new Bench();
  match(
    await bench.lose(60_050, [60_000]) ?? "",
    /^if this happens again: .*allow this client to publish to ble\/stats\/s1/,
  );
  match(await bench.lose(59_100, [59_000]) ?? "", /^the broker may forbid that topic: .*ble\/stats\/s1/);
  match(bench.losses.warning ?? "", /^the broker closed 2 connections in a row right after .*ble\/stats\/s1: /);
});

test("LossPattern blames no statistics that a connection outlived, in time or in number", async () => {
  const bench = new Bench();
  for (let time = 0; time < 3; time++) {
    equal(await bench.lose(70_000, [60_000]), null);
    equal(await bench.lose(120_050, [60_000, 120_000]), null);
  }
  equal(bench.losses.warning, null);
});

test("LossPattern sees no pattern in connections that last, fall silent, or are known to fail", async () => {
  const bench = new Bench();
  for (const failure of [CLOSED, SILENT, KNOWN]) {
    await bench.lose(50);
    const remedy = failure === CLOSED ? await bench.lose(10_000) : await bench.lose(50, [], failure);
    equal(remedy, failure.remedy);
    equal(bench.losses.warning, null);
  }
});
