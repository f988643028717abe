import assert from "node:assert/strict";
import { type ConnectionState, type Scanner, type ScanSink, type ScanState, Vitals } from "../../src/agent/mod.ts";
import { superviseScan } from "../../src/agent/supervisor.ts";
import { ServiceNotifier } from "../../src/systemd/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const SCANNING: ScanState = {
  kind: "scanning",
  adapter: "hci0",
  adapterAddress: null,
  mode: "active",
  extended: false,
};
const STALL_TIMEOUT_MS = 60_000;
const ONLINE: ConnectionState = { kind: "online", sinceMs: 0, broker: "broker:1883", address: null };
const SINK: ScanSink = { advertisement: () => {}, invalid: () => {}, delivered: () => undefined, state: () => {} };

function notifier({ watchdogMs = 30_000 as number | null, stallTimeoutMs = STALL_TIMEOUT_MS } = {}) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const vitals = new Vitals({ clock, missed: () => 0, log });
  const sent: string[][] = [];
  const manager = { result: 1 };
  const send = (message: string) => {
    sent.push(message.split("\n"));
    return manager.result;
  };
  const service = new ServiceNotifier({ watchdogMs, stallTimeoutMs }, {
    vitals,
    send,
    monotonicUs: () => 1_234n,
    clock,
    log,
  });
  const stop = new AbortController();
  const begin = () => {
    const serving = service.start(stop.signal);
    return {
      async [Symbol.asyncDispose]() {
        stop.abort();
        await serving[Symbol.asyncDispose]();
      },
    };
  };
  const count = (line: string) => sent.filter((lines) => lines.includes(line)).length;
  const status = () => sent.at(-1)?.find((line) => line.startsWith("STATUS="));
  return { service, vitals, clock, log, sent, manager, stop, begin, count, status };
}

function publish(vitals: Vitals, messages: number): void {
  for (let message = 0; message < messages; message++) {
    vitals.counter.received();
    vitals.counter.ended("published");
  }
}

test("ServiceNotifier says that it is ready once it has scanned and been connected, in either order", async () => {
  for (const order of ["scan first", "broker first"]) {
    const t = notifier();
    await using _ = t.begin();
    const steps = [() => t.vitals.setScan(SCANNING), () => t.vitals.setConnection(ONLINE)];
    if (order === "broker first") steps.reverse();
    t.vitals.setScan({ kind: "starting" });
    steps[0]?.();
    assert.equal(t.count("READY=1"), 0, order);
    steps[1]?.();
    assert.equal(t.count("READY=1"), 1, order);
  }
});

test("ServiceNotifier stays ready when the adapter or the broker is gone", async () => {
  const t = notifier();
  await using _ = t.begin();
  t.vitals.setConnection(ONLINE);
  t.vitals.setScan(SCANNING);
  t.vitals.setConnection({ kind: "waiting", reason: "connect ECONNREFUSED", retryInMs: 1_000, failures: 1 });
  t.vitals.setScan({ kind: "stopped", reason: "hci0 is gone" });
  assert.ok(t.sent.at(-1)?.includes("READY=1"));
  assert.equal(t.status(), "STATUS=not scanning: hci0 is gone; not connected: connect ECONNREFUSED; 0 published");
});

test("ServiceNotifier shows scan, connection and count in one line that no reason can break", async () => {
  const t = notifier();
  await using _ = t.begin();
  t.vitals.setConnection(ONLINE);
  publish(t.vitals, 1_234);
  t.vitals.setScan(SCANNING);
  assert.equal(t.status(), "STATUS=scanning with hci0; connected; 1234 published");
  t.vitals.setScan({ kind: "stopped", reason: "odd\nMAINPID=1\r\n" });
  assert.equal(t.status(), "STATUS=not scanning: odd MAINPID=1 ; connected; 1234 published");
  t.vitals.setWarning("another client has its identifier");
  t.vitals.setScan(SCANNING);
  assert.match(t.status() ?? "", /; connected \(another client has its identifier\); 1234 published$/);
});

test("ServiceNotifier tells a warning when it comes and takes it back when it goes, not at the next sign of life", async () => {
  const { vitals, begin, status } = notifier();
  await using _ = begin();
  vitals.setConnection(ONLINE);
  vitals.setWarning("another client has the same identifier");
  assert.match(status() ?? "", /connected \(another client has the same identifier\)/);
  vitals.setWarning(null);
  assert.doesNotMatch(status() ?? "", /another client/);
});

test("ServiceNotifier feeds the watchdog at half its patience while events come", async () => {
  const t = notifier({ watchdogMs: 10_000 });
  await using _ = t.begin();
  t.vitals.setScan(SCANNING);
  for (let s = 0; s < 600; s += 5) {
    t.vitals.heard();
    await t.clock.advance(5_000);
  }
  assert.equal(t.count("WATCHDOG=1"), 1 + 600 / 5);
  assert.equal(t.log.records.length, 0);
});

test("ServiceNotifier does not say scanning in a silence, and takes a reset for movement", async () => {
  const t = notifier();
  await using _ = t.begin();
  t.vitals.setConnection({ kind: "connecting", attempt: 1 });
  t.vitals.setScan({ kind: "silent", adapter: "hci0", adapterAddress: null, extended: false, silentMs: 60_000 });
  assert.equal(t.status(), "STATUS=nothing heard with hci0 for 60 s; not connected: connecting; 0 published");
  for (let minute = 0; minute < 5; minute++) {
    t.vitals.scanMoved();
    await t.clock.advance(60_000);
  }
  assert.equal(t.log.of("scan is stuck").length, 0);
});

test("ServiceNotifier starves the watchdog once the scan has not moved, and feeds it again when it does", async () => {
  const t = notifier();
  await using _ = t.begin();
  t.vitals.setScan(SCANNING);
  await t.clock.advance(90_000);
  const fed = t.count("WATCHDOG=1");
  assert.equal(fed, 1 + 90 / 15);
  await t.clock.advance(600_000);
  // What moved just before the first look counts from then.
  assert.ok(t.count("WATCHDOG=1") <= fed + 1);
  assert.equal(t.log.of("scan is stuck").length, 1);
  t.vitals.heard();
  await t.clock.advance(15_000);
  assert.ok(t.sent.at(-1)?.includes("WATCHDOG=1"));
});

test("ServiceNotifier feeds the watchdog for as long as the agent finds no adapter, or hears nothing", async () => {
  for (const kind of ["no adapter", "silence"]) {
    const t = notifier();
    const scanner: Scanner = {
      paced: false,
      reset: () => Promise.resolve(),
      missed: 0,
      run: (sink, signal) => {
        sink.state({ kind: "starting" });
        if (kind === "no adapter") return Promise.reject(new Error("Cannot find hci0"));
        sink.state(SCANNING);
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      },
    };
    const parts = { clock: t.clock, random: () => 1, log: t.log, stallTimeoutMs: STALL_TIMEOUT_MS };
    const supervised = superviseScan({ ...parts, scanner, vitals: t.vitals }, SINK, t.stop.signal);
    await using _ = t.service.start(t.stop.signal);
    await t.clock.advance(900_000);
    assert.equal(t.count("WATCHDOG=1"), 1 + 900 / 15, kind);
    t.stop.abort();
    await supervised;
  }
});

test("ServiceNotifier starves the watchdog when the agent cannot end a silent scan", async () => {
  const t = notifier();
  const scanner: Scanner = {
    paced: false,
    missed: 0,
    run(sink) {
      sink.state(SCANNING);
      return new Promise(() => {});
    },
    reset: () => Promise.resolve(),
  };
  const parts = { clock: t.clock, random: () => 1, log: t.log, stallTimeoutMs: STALL_TIMEOUT_MS };
  superviseScan({ ...parts, scanner, vitals: t.vitals }, SINK, t.stop.signal);
  await using _ = t.begin();
  await t.clock.advance(900_000);
  assert.ok(t.count("WATCHDOG=1") <= 8);
  assert.deepEqual(t.log.of("scan is stuck").map(({ level }) => level), ["error"]);
});

test("ServiceNotifier lets a recording take its time", async () => {
  const t = notifier({ stallTimeoutMs: Infinity });
  await using _ = t.begin();
  t.vitals.setScan(SCANNING);
  await t.clock.advance(900_000);
  assert.equal(t.count("WATCHDOG=1"), 1 + 900 / 15);
});

test("ServiceNotifier asks for more time to start while the scan moves, and only until it is ready", async () => {
  const t = notifier();
  await using _ = t.begin();
  assert.equal(t.count("EXTEND_TIMEOUT_USEC=30000000"), 1);
  await t.clock.advance(30_000);
  assert.equal(t.count("EXTEND_TIMEOUT_USEC=30000000"), 3);
  await t.clock.advance(900_000);
  assert.ok(t.count("EXTEND_TIMEOUT_USEC=30000000") <= 8, "a stuck scan is no reason to wait");
  const asked = t.count("EXTEND_TIMEOUT_USEC=30000000");
  t.vitals.setScan(SCANNING);
  t.vitals.setConnection(ONLINE);
  await t.clock.advance(60_000);
  assert.equal(t.count("EXTEND_TIMEOUT_USEC=30000000"), asked);
});

test("ServiceNotifier keeps the status fresh where there is no watchdog, and feeds none", async () => {
  const t = notifier({ watchdogMs: null });
  await using _ = t.begin();
  await t.clock.advance(60_000);
  assert.equal(t.sent.length, 3);
  assert.equal(t.count("WATCHDOG=1"), 0);
});

test("ServiceNotifier says once that it ends, as soon as it is told to, and nothing more", async () => {
  const t = notifier();
  {
    await using _ = t.begin();
    t.vitals.setScan(SCANNING);
    t.stop.abort();
    await t.clock.advance(0);
    assert.equal(t.count("STOPPING=1"), 1);
    t.vitals.setScan({ kind: "stopped", reason: "stopped" });
  }
  assert.equal(t.count("STOPPING=1"), 1);
  assert.ok(t.sent.at(-1)?.includes("STOPPING=1"));
  assert.equal(t.clock.sleeping, 0);
});

test("ServiceNotifier says that it ends when it is disposed of", async () => {
  const t = notifier();
  await t.service.start(new AbortController().signal)[Symbol.asyncDispose]();
  assert.equal(t.count("STOPPING=1"), 1);
});

test("ServiceNotifier tells that it reloads and when, and that it is ready again only after it", async () => {
  const t = notifier();
  await using _ = t.begin();
  t.vitals.setScan(SCANNING);
  t.vitals.setConnection(ONLINE);
  const before = t.sent.length;
  t.vitals.reloadBegan();
  t.vitals.setScan({ kind: "stopped", reason: "stopped" });
  t.vitals.setScan(SCANNING);
  await t.clock.advance(15_000);
  const during = t.sent.slice(before);
  assert.deepEqual(during[0]?.filter((line) => !line.startsWith("STATUS=")), ["RELOADING=1", "MONOTONIC_USEC=1234"]);
  assert.match(
    during[0]?.find((line) => line.startsWith("STATUS=")) ?? "",
    /^STATUS=reloading the configuration; scan/,
  );
  assert.deepEqual(during.filter((lines) => lines.includes("READY=1")), []);
  assert.ok(during.some((lines) => lines.includes("WATCHDOG=1")));
  t.vitals.reloadEnded("a changed configuration was refused");
  assert.ok(t.sent.at(-1)?.includes("READY=1"));
  assert.match(t.status() ?? "", /connected \(a changed configuration was refused\)/);
});

test("ServiceNotifier says nothing of a reload before it has been ready: the start is not over", async () => {
  const t = notifier();
  await using _ = t.begin();
  t.vitals.setScan(SCANNING);
  t.vitals.reloadBegan();
  t.vitals.reloadEnded(null);
  assert.deepEqual([t.count("RELOADING=1"), t.count("READY=1")], [0, 0]);
});

test("ServiceNotifier logs once that nobody listens, and goes on", async () => {
  const t = notifier();
  t.manager.result = -111;
  await using _ = t.begin();
  await t.clock.advance(60_000);
  const complaints = () => t.log.of("service manager is not listening").map(({ level, fields }) => [level, fields]);
  assert.deepEqual(complaints(), [["warning", { errno: 111 }]]);
  t.manager.result = 1;
  await t.clock.advance(15_000);
  t.manager.result = -111;
  await t.clock.advance(30_000);
  assert.equal(complaints().length, 2);
});
