import assert from "node:assert/strict";
import { type ScanCure, ScanError, type Scanner, type ScanSink, type ScanState, Vitals } from "../../src/agent/mod.ts";
import { superviseScan } from "../../src/agent/supervisor.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

type Behaviour = (sink: ScanSink, signal: AbortSignal) => Promise<void>;

class ScriptedScanner implements Scanner {
  readonly missed = 0;
  runs = 0;
  /** Before which runs the adapter was reset. */
  readonly resets: number[] = [];
  constructor(private readonly behaviour: (run: number) => Behaviour, readonly paced = false) {}
  run(sink: ScanSink, signal: AbortSignal): Promise<void> {
    return this.behaviour(++this.runs)(sink, signal);
  }
  reset(): Promise<void> {
    this.resets.push(this.runs + 1);
    return Promise.resolve();
  }
}

const SCANNING: ScanState = {
  kind: "scanning",
  adapter: "hci0",
  adapterAddress: "00:11:22:33:44:55",
  mode: "active",
  extended: false,
};

const fails = (message: string, cure: ScanCure = "time"): Behaviour => () =>
  Promise.reject(new ScanError(message, cure));
const scansAndFails: Behaviour = (sink) => {
  sink.state(SCANNING);
  return Promise.reject(new ScanError("hci0 was unplugged", "time"));
};
/** As HciScanner does it, where the controller confirms the scan. */
const scans: Behaviour = async (sink, signal) => {
  sink.state({ kind: "starting" });
  sink.state(SCANNING);
  await untilAborted(sink, signal);
  sink.state({ kind: "stopped", reason: "stopped" });
};
const untilAborted: Behaviour = (_, signal) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

function supervised(scanner: Scanner, stallTimeoutMs = 60_000) {
  const clock = new FakeClock(undefined, settlePromises);
  const log = new RecordingLog();
  const controller = new AbortController();
  const states: ScanState[] = [];
  const sink: ScanSink = {
    advertisement: () => {},
    invalid: () => {},
    delivered: () => undefined,
    state: (state) => states.push(state),
  };
  const vitals = new Vitals({ clock, missed: () => 0, log });
  const parts = { scanner, vitals, clock, random: () => 1, log, stallTimeoutMs };
  const ended = superviseScan(parts, sink, controller.signal);
  const kinds = () => states.map(({ kind }) => kind);
  return { clock, log, controller, ended, states, kinds, vitals };
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
    sink.delivered();
    return Promise.reject(new ScanError("hci0 was unplugged", "time"));
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
  const { ended } = supervised(new ScriptedScanner(() => fails("permission denied", "person")));
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

test("superviseScan() goes on where a scan that once ran is not allowed any more", async () => {
  const scanner = new ScriptedScanner((run) => run === 1 ? scansAndFails : fails("permission denied", "person"));
  const { clock, controller, ended } = supervised(scanner);
  await clock.advance(8_000);
  assert.ok(scanner.runs > 3, `${scanner.runs} runs`);
  controller.abort();
  await ended;
});

test("superviseScan() resets an adapter that is stuck: at the second failure, the fourth, …, for ever", async () => {
  const scanner = new ScriptedScanner(() => fails("hci0 does not answer", "reset"));
  const { clock, log, controller, ended } = supervised(scanner);
  await clock.advance(600_000);
  controller.abort();
  await ended;
  assert.deepEqual(scanner.resets, [3, 5, 9, 17, 33, 65, 97]);
  assert.equal(log.of("scan failed").length, 1);
  assert.equal(log.of("resetting the adapter").length, 7);
});

test("superviseScan() does not reset an adapter that is away", async () => {
  const scanner = new ScriptedScanner(() => fails("there is none", "time"));
  const { clock, controller, ended } = supervised(scanner);
  await clock.advance(600_000);
  controller.abort();
  await ended;
  assert.deepEqual(scanner.resets, []);
});

test("superviseScan() goes on where the adapter cannot be reset, and does not wait for it at its end", async () => {
  const scanner = new ScriptedScanner(() => fails("hci0 does not answer", "reset"));
  const never = new Promise<void>(() => {});
  let resets = 0;
  scanner.reset = () => ++resets === 1 ? Promise.reject(new Error("permission denied")) : never;
  const { clock, log, controller, ended } = supervised(scanner);
  await clock.advance(60_000);
  assert.equal(log.of("adapter reset failed").length, 1);
  assert.equal(resets, 2);
  controller.abort();
  await ended;
});

test("superviseScan() begins a silent scan afresh after each stall time-out, and says so once", async () => {
  const scanner = new ScriptedScanner(() => scans);
  const { clock, log, controller, ended, states, kinds } = supervised(scanner);
  await clock.advance(59_999);
  assert.equal(scanner.runs, 1);
  await clock.advance(1);
  assert.equal(scanner.runs, 2);
  await clock.advance(180_000);
  assert.equal(scanner.runs, 5);
  assert.deepEqual(kinds(), ["starting", "scanning", "silent"]);
  assert.deepEqual(states.at(-1), {
    kind: "silent",
    adapter: "hci0",
    adapterAddress: "00:11:22:33:44:55",
    extended: false,
    silentMs: 60_000,
  });
  assert.equal(log.of("nothing heard").length, 1);
  assert.equal(log.of("scan failed").length, 0);
  controller.abort();
  await ended;
  assert.equal(clock.sleeping, 0);
});

test("superviseScan() resets the adapter of a silent scan after twice as long each time: no loop", async () => {
  const scanner = new ScriptedScanner(() => scans);
  const { clock, controller, ended } = supervised(scanner);
  for (let minute = 0; minute < 24 * 60; minute++) await clock.advance(60_000);
  controller.abort();
  await ended;
  assert.deepEqual(scanner.resets, [3, 5, 9, 17, 33, 65, 129, 257, 513, 1025]);
});

test("superviseScan() leaves the adapter alone where it is told to end while a silent scan stops", async () => {
  const { clock, controller, ended } = supervised(
    new class extends ScriptedScanner {
      override reset(): Promise<void> {
        return Promise.reject(new Error("the adapter was reset"));
      }
    }((run) => async (sink, signal) => {
      await scans(sink, signal);
      if (run === 2) controller.abort(); // a reset is due after the second silence
    }),
  );
  await clock.advance(120_000);
  await ended;
  assert.equal(clock.sleeping, 0);
});

test("superviseScan() lets a mute controller show, however short the stall time-out", async () => {
  const ANSWER_TIMEOUT_MS = 2_000;
  const scanner = new ScriptedScanner(() => async (_, signal) => {
    await Promise.resolve();
    await clock.sleep(ANSWER_TIMEOUT_MS, signal).catch(() => {});
    if (!signal.aborted) throw new ScanError("hci0 does not answer", "reset");
  });
  const { clock, log, controller, ended } = supervised(scanner, 1_000);
  await clock.advance(10_000);
  assert.equal(log.of("scan failed")[0]?.fields["reason"], "hci0 does not answer");
  assert.equal(log.of("nothing heard").length, 0);
  controller.abort();
  await ended;
});

test("superviseScan() begins afresh a scan that never comes to scanning, nor fails", async () => {
  const scanner = new ScriptedScanner(() => untilAborted);
  const { clock, controller, ended } = supervised(scanner, 1_000);
  await clock.advance(29_999);
  assert.equal(scanner.runs, 1);
  await clock.advance(1);
  assert.equal(scanner.runs, 2);
  controller.abort();
  await ended;
});

test("superviseScan() knows that it has scanned where the scan began only after a silence", async () => {
  const behaviours = [untilAborted, scans];
  const scanner = new ScriptedScanner((run) => behaviours[run - 1] ?? fails("permission denied", "person"));
  const { clock, controller, ended, kinds, vitals } = supervised(scanner, 30_000);
  await clock.advance(30_000);
  assert.deepEqual(kinds(), ["silent"]);
  assert.equal(vitals.hasScanned, true);
  await clock.advance(40_000);
  assert.ok(scanner.runs > 3, `${scanner.runs} runs`);
  controller.abort();
  await ended;
});

test("superviseScan() says scanning again as soon as something is heard, and how long it was silent", async () => {
  let sink: ScanSink | null = null;
  const scanner = new ScriptedScanner(() => (watched, signal) => {
    sink = watched;
    return scans(watched, signal);
  });
  const { clock, log, controller, ended, kinds } = supervised(scanner);
  await clock.advance(90_000);
  (sink as ScanSink | null)?.delivered();
  assert.deepEqual(kinds(), ["starting", "scanning", "silent", "scanning"]);
  assert.deepEqual(log.of("heard again").map(({ fields }) => fields), [{ silent_s: 90 }]);
  await clock.advance(60_000);
  assert.deepEqual(kinds(), ["starting", "scanning", "silent", "scanning", "silent"]);
  controller.abort();
  await ended;
});

test("superviseScan() tells a failure in silence, and afterwards that it is silent still", async () => {
  const scanner = new ScriptedScanner((run) => run === 2 ? fails("hci0 was unplugged") : scans);
  const { clock, controller, ended, kinds } = supervised(scanner);
  const tellStop = scanner.run.bind(scanner);
  scanner.run = async (sink, signal) => {
    try {
      await tellStop(sink, signal);
    } catch (error) {
      sink.state({ kind: "stopped", reason: "hci0 was unplugged" });
      throw error;
    }
  };
  await clock.advance(61_000);
  assert.equal(scanner.runs, 3);
  assert.deepEqual(kinds(), ["starting", "scanning", "silent", "stopped", "silent"]);
  controller.abort();
  await ended;
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
    (sink as ScanSink | null)?.delivered();
  }
  assert.equal(scanner.runs, 1);
  controller.abort();
  await ended;
});
