import assert from "node:assert/strict";
import { ScanError, type Scanner, type ScanSink, type ScanState } from "../../src/agent/mod.ts";
import { superviseScan } from "../../src/agent/supervisor.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

type Behaviour = (sink: ScanSink, signal: AbortSignal) => Promise<void>;

class ScriptedScanner implements Scanner {
  readonly missed = 0;
  runs = 0;
  constructor(private readonly behaviour: (run: number) => Behaviour, readonly paced = false) {}
  run(sink: ScanSink, signal: AbortSignal): Promise<void> {
    return this.behaviour(++this.runs)(sink, signal);
  }
}

const fails = (message: string, permanent = false): Behaviour => () =>
  Promise.reject(new ScanError(message, permanent));
const untilAborted: Behaviour = (_, signal) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

function supervised(scanner: Scanner) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const controller = new AbortController();
  const states: ScanState[] = [];
  const sink: ScanSink = { event: () => undefined, state: (state) => states.push(state) };
  const parts = { scanner, clock, random: () => 1, log, stallTimeoutMs: 60_000 };
  const ended = superviseScan(parts, sink, controller.signal);
  return { clock, log, controller, ended };
}

test("superviseScan() begins again after a failure, waiting 1, 2, 4, 5, 5 … s", async () => {
  const scanner = new ScriptedScanner(() => fails("hci0 was unplugged"));
  const { clock, log, controller, ended } = supervised(scanner);
  const runs: number[] = [];
  for (const seconds of [0, 1, 2, 4, 5, 5]) {
    await clock.advance(seconds * 1_000);
    runs.push(scanner.runs);
  }
  controller.abort();
  await ended;
  assert.deepEqual(runs, [1, 2, 3, 4, 5, 6]);
  assert.equal(log.of("scan failed").length, 1);
  assert.equal(log.of("scan failed again").length, 5);
});

test("superviseScan() begins with short waits again once the scan has heard something", async () => {
  const hearsAndFails: Behaviour = (sink) => {
    sink.event(Uint8Array.of(4));
    return Promise.reject(new ScanError("hci0 was unplugged", false));
  };
  const scanner = new ScriptedScanner((run) => run === 4 ? hearsAndFails : fails("hci0 was unplugged"));
  const { clock, log, controller, ended } = supervised(scanner);
  await clock.advance(7_000);
  assert.equal(scanner.runs, 4);
  await clock.advance(1_000);
  assert.equal(scanner.runs, 5);
  controller.abort();
  await ended;
  assert.equal(log.of("scan failed").length, 2);
});

test("superviseScan() gives up where trying again cannot help", async () => {
  const { ended } = supervised(new ScriptedScanner(() => fails("permission denied", true)));
  await assert.rejects(ended, { name: "ScanError", message: "permission denied" });
});

test("superviseScan() does not begin a recording again that breaks off", async () => {
  const scanner = new ScriptedScanner(() => fails("a.btsnoop breaks off at byte 16"), true);
  const { ended } = supervised(scanner);
  await assert.rejects(ended, { message: "a.btsnoop breaks off at byte 16" });
  assert.equal(scanner.runs, 1);
});

test("superviseScan() ends with a recording that is over", async () => {
  const { clock, ended } = supervised(new ScriptedScanner(() => () => Promise.resolve(), true));
  await ended;
  assert.equal(clock.sleeping, 0);
});

test("superviseScan() begins again after silence, and stops watching at its end", async () => {
  const scanner = new ScriptedScanner(() => untilAborted);
  const { clock, log, controller, ended } = supervised(scanner);
  await clock.advance(59_999);
  assert.equal(scanner.runs, 1);
  await clock.advance(1_001);
  assert.equal(scanner.runs, 2);
  assert.equal(log.of("scan failed")[0]?.fields["reason"], "no advertisement for 60 s");
  controller.abort();
  await ended;
  assert.equal(clock.sleeping, 0);
});

test("superviseScan() takes any event for a sign of life", async () => {
  let sink: ScanSink | null = null;
  const scanner = new ScriptedScanner(() => (watched, signal) => {
    sink = watched;
    return untilAborted(watched, signal);
  });
  const { clock, controller, ended } = supervised(scanner);
  for (let i = 0; i < 5; i++) {
    await clock.advance(40_000);
    (sink as ScanSink | null)?.event(Uint8Array.of(4));
  }
  assert.equal(scanner.runs, 1);
  controller.abort();
  await ended;
});
