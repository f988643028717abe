import assert from "node:assert/strict";
import { judge, type Verdict } from "../../src/cli/fleet/verdict.ts";
import { ConnectionFailure } from "../../src/mqtt/mod.ts";
import { test } from "../support/test.ts";
import { FleetRig } from "./fleet_support.ts";

function verdict(rig: FleetRig, id = "s1"): Verdict {
  const scanner = rig.fleet.scanners.get(id);
  assert.ok(scanner);
  return judge(scanner, rig.moment);
}

test("judge() finds nothing wrong with a scanner that scans and tells at each interval", async () => {
  const rig = new FleetRig();
  rig.status({}, true);
  for (let minute = 1; minute < 10; minute++) {
    await rig.clock.advance(60_000);
    rig.stats({ received: 1_000 * minute, uptime_s: 60 * minute });
    rig.status({ last_heard_at: new Date(rig.clock.wallMs()).toISOString() });
    const { state, wrong, remarks } = verdict(rig);
    assert.deepEqual([state, wrong, remarks], ["scanning", [], []]);
  }
  assert.equal(verdict(rig).forMs, Date.UTC(2026, 0, 11, 10, 39, 45, 123) - Date.UTC(2026, 0, 11, 9, 0, 1));
});

test("judge() says of a kept status that nobody knows its age, and after one and a half intervals that it is silent", async () => {
  const rig = new FleetRig();
  rig.status({}, true);
  assert.deepEqual(verdict(rig).remarks, ["not heard yet"]);
  await rig.clock.advance(95_000);
  assert.deepEqual(verdict(rig).wrong, []);
  await rig.clock.advance(1);
  const { state, forMs, wrong } = verdict(rig);
  assert.deepEqual([state, forMs], ["silent", null]);
  assert.deepEqual(wrong, [
    "said nothing while listened to for 95s, though it should every 60 s: it is gone, and the broker has not noticed",
  ]);
});

test("judge() knows that an online scanner is silent whose messages stopped, by its own interval", async () => {
  const rig = new FleetRig();
  rig.status({ interval_s: 10 });
  rig.stats();
  await rig.clock.advance(20_000);
  assert.equal(verdict(rig).state, "scanning");
  await rig.clock.advance(1);
  assert.equal(verdict(rig).state, "silent");
  assert.match(verdict(rig).wrong[0] ?? "", /^said nothing for 20s, though it should every 10 s/);
  rig.status({ interval_s: 10 });
  assert.equal(verdict(rig).state, "scanning");
});

test("judge() waits as long as a slow scanner says, and no longer than a day could be", async () => {
  const rig = new FleetRig();
  rig.status({ interval_s: 600 }, true);
  rig.status({ scanner_id: "liar", interval_s: 1e300 }, true);
  await rig.clock.advance(900_000);
  assert.equal(verdict(rig).state, "scanning");
  await rig.clock.advance(10_000);
  assert.equal(verdict(rig).state, "silent");
  assert.equal(verdict(rig, "liar").state, "scanning");
  await rig.clock.advance(130_000_000);
  assert.equal(verdict(rig, "liar").state, "silent");
});

test("judge() holds nothing against a scanner that passed while there was no connection", async () => {
  const rig = new FleetRig();
  rig.status();
  rig.stats();
  rig.fleet.setConnection({ kind: "failed", failure: new ConnectionFailure("unreachable", "refused", null) });
  await rig.clock.advance(3_600_000);
  assert.deepEqual(verdict(rig).wrong, []);
  rig.subscribed();
  rig.status({}, true);
  assert.deepEqual(verdict(rig).wrong, []);
  await rig.clock.advance(96_000);
  assert.equal(verdict(rig).state, "silent");
});

for (const aheadMs of [-3_600_000, 3_600_000, 86_400_000 * 365]) {
  test(`judge() gives no false alarm where clocks differ by ${aheadMs / 3_600_000} h, and says so`, async () => {
    const rig = new FleetRig();
    const its = (beforeMs: number) => new Date(rig.clock.wallMs() + aheadMs - beforeMs).toISOString();
    await rig.clock.advance(1_000);
    rig.stats({ timestamp: its(0) });
    rig.status({ since: its(600_000), last_heard_at: its(0) });
    await rig.clock.advance(30_000);
    const { state, forMs, wrong, remarks } = verdict(rig);
    assert.deepEqual([state, forMs, wrong], ["scanning", 630_000, []]);
    assert.match(
      remarks.join(),
      aheadMs > 0 ? /^its clock is \S+ ahead of this machine's$/ : /^its clock is 60m behind/,
    );
  });
}

test("judge() tells an offline scanner's reason, and since when where that is known", async () => {
  const rig = new FleetRig();
  rig.status({ status: "offline", scanning: false, reason: "connection lost", since: null }, true);
  assert.deepEqual(verdict(rig), { state: "offline", forMs: null, wrong: ["connection lost"], remarks: [] });
  rig.status({ status: "offline", scanning: false, reason: "stopped", since: "2026-01-11T10:29:45.123Z" });
  assert.deepEqual([verdict(rig).forMs, verdict(rig).wrong], [60_000, ["stopped"]]);
  rig.status({ scanner_id: "s2", status: "offline", reason: "connection lost", since: null });
  await rig.clock.advance(5_000);
  assert.equal(verdict(rig, "s2").forMs, 5_000);
});

test("judge() is not misled by an old will: statistics that arrive after it contradict it", async () => {
  const rig = new FleetRig();
  rig.status({ status: "offline", reason: "connection lost", since: null }, true);
  await rig.clock.advance(1_000);
  rig.stats();
  assert.deepEqual(verdict(rig).wrong, ["connection lost", "yet its statistics arrive: the status is an old one"]);
  await rig.clock.advance(1_000);
  rig.status({ status: "offline", reason: "stopped" });
  assert.deepEqual(verdict(rig).wrong, ["stopped"]);
});

test("judge() gives a scanner a minute to start, and says why another does not scan", () => {
  const rig = new FleetRig();
  const reason = "hci0 is powered down";
  rig.status({ scanning: false, reason: "starting", since: "2026-01-11T10:30:00.000Z" });
  rig.status({ scanner_id: "s2", scanning: false, reason: "starting", since: "2026-01-11T10:29:00.000Z" });
  rig.status({ scanner_id: "s3", scanning: false, reason });
  assert.deepEqual([verdict(rig).state, verdict(rig).wrong], ["starting", []]);
  assert.deepEqual([verdict(rig, "s2").state, verdict(rig, "s2").wrong], ["not scanning", ["starting"]]);
  assert.deepEqual([verdict(rig, "s3").state, verdict(rig, "s3").wrong], ["not scanning", [reason]]);
});

test("judge() tells what a scanner drops now, not what it ever dropped", async () => {
  const rig = new FleetRig();
  rig.status();
  const before = { uptime_s: 60, dropped_offline: 500, dropped_backpressure: 7, missed: 1 };
  rig.stats(before);
  assert.deepEqual(verdict(rig).wrong, []);
  await rig.clock.advance(60_000);
  rig.stats({ ...before, uptime_s: 120, dropped_backpressure: 27, dropped_unacknowledged: 2, missed: 4 });
  assert.deepEqual(verdict(rig).wrong, [
    "dropped within 60s: backpressure 20, unacknowledged 2",
    "missed 3 packets within 60s: the machine does not keep up",
  ]);
  await rig.clock.advance(60_000);
  rig.stats({ uptime_s: 10, dropped_offline: 3 }); // restarted: counted from the beginning
  assert.deepEqual(verdict(rig).wrong, []);
});

test("judge() tells a scanner's own warning, and what holds its messages up", () => {
  const rig = new FleetRig();
  rig.status({ warning: "another client has this identifier" });
  rig.stats({ limited_by: "max_in_flight: 100 ÷ 50 ms per acknowledgement" });
  assert.deepEqual(verdict(rig).wrong, [
    "another client has this identifier",
    "messages are held up by max_in_flight: 100 ÷ 50 ms per acknowledgement",
  ]);
});

test("judge() tells of statistics that stopped though the status is told", async () => {
  const rig = new FleetRig();
  rig.status();
  rig.stats();
  for (let i = 0; i < 2; i++) {
    await rig.clock.advance(60_000);
    rig.status();
  }
  assert.deepEqual(verdict(rig).wrong, ["no statistics for 2m, though its status arrives"]);
});

test("judge() does not call wrong what may be configured: no status, or no statistics", async () => {
  const rig = new FleetRig();
  for (let i = 0; i < 3; i++) {
    rig.stats();
    rig.status({ scanner_id: "s2" });
    await rig.clock.advance(50_000);
  }
  const { state, wrong, remarks } = verdict(rig);
  assert.deepEqual([state, wrong, remarks.length], ["no status", [], 1]);
  assert.deepEqual(verdict(rig, "s2").wrong, []);
  assert.match(verdict(rig, "s2").remarks.join(), /^no statistics: stats\.publish is off there/);
});
