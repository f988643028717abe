import assert from "node:assert/strict";
import type { Advertisement } from "../../src/advertisement/mod.ts";
import {
  Agent,
  type AgentOptions,
  ScanError,
  type Scanner,
  type ScanSink,
  type ScanState,
  Vitals,
} from "../../src/agent/mod.ts";
import { StatsReporter, StatusReporter } from "../../src/status/mod.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";
import { PASS_ALL } from "../support/pass_all.ts";

const OPTIONS: AgentOptions = {
  scannerId: "s1",
  fields: "standard",
  runId: "r1",
  topic: "ble/raw/{scanner_id}/{mac_address}",
  mergeScanResponse: true,
  namesLastMs: 60_000,
  filter: PASS_ALL,
  intervalMs: 60_000,
  stallTimeoutMs: 60_000,
};

const memory = () => ({ heapBytes: 1, rssBytes: 2 });
const WHO = { runId: "r1", labels: {}, configDigest: "d1" };
const STATUS = {
  scannerId: "s1",
  version: "1",
  topic: "ble/status/s1",
  intervalS: 60,
  hostname: "pi",
  bootId: "b",
  ...WHO,
};

/** What the retained status says at the end of an agent with this scanner. */
async function lastReason(run: Scanner["run"], signal: AbortSignal): Promise<unknown> {
  const publisher = new FakePublisher();
  const clock = new FakeClock(undefined, settlePromises);
  const log = new RecordingLog();
  const vitals = new Vitals({ clock, missed: () => 0, log });
  using _ = new StatusReporter(STATUS, { vitals, publisher, clock });
  const scanner: Scanner = { paced: true, missed: 0, run, reset: () => Promise.resolve() };
  const agent = new Agent(OPTIONS, { scanner, publisher, vitals, clock, random: () => 0, log });
  await agent.run(signal).catch((error) => assert.ok(error instanceof ScanError));
  const last = JSON.parse(publisher.announced.at(-1)?.payload ?? "null");
  assert.equal(last.status, "offline");
  return last.reason;
}

test("Agent says in its last status why it ends", async () => {
  const { signal } = new AbortController();
  assert.equal(await lastReason(() => Promise.resolve(), signal), "finished");
  assert.equal(await lastReason(() => Promise.resolve(), AbortSignal.abort()), "stopped");
  const failure = new ScanError("Cannot open hci0: permission denied", "person");
  assert.equal(await lastReason(() => Promise.reject(failure), signal), failure.message);
});

/** What an agent logs of statistics that never scans, or does. */
async function statisticsOf(state: ScanState): Promise<number> {
  const [publisher, clock, log] = [new FakePublisher(), new FakeClock(undefined, settlePromises), new RecordingLog()];
  const vitals = new Vitals({ clock, missed: () => 0, log });
  const stats = { scannerId: "s1", topic: null, maxInFlight: null };
  using _ = new StatsReporter(stats, { vitals, publisher, memory, clock, log });
  const run: Scanner["run"] = (sink) => {
    sink.state(state);
    return Promise.reject(new ScanError("Cannot open hci0: permission denied", "person"));
  };
  const scanner: Scanner = { paced: true, missed: 0, run, reset: () => Promise.resolve() };
  const agent = new Agent(OPTIONS, { scanner, publisher, vitals, clock, random: () => 0, log });
  await assert.rejects(agent.run(new AbortController().signal), ScanError);
  assert.equal(vitals.hasScanned, state.kind === "scanning");
  return log.of("statistics").length;
}

test("Agent has no statistics of a start that failed", async () => {
  assert.equal(await statisticsOf({ kind: "starting" }), 0);
  const scanning = { kind: "scanning", adapter: "f", adapterAddress: null, mode: "active", extended: false } as const;
  assert.equal(await statisticsOf(scanning), 1);
});

/** Yields advertisements from an array, and has nothing to do with HCI. */
class ArrayScanner implements Scanner {
  readonly paced = true;
  readonly missed = 0;

  constructor(private readonly heard: readonly Advertisement[]) {}

  async run(sink: ScanSink): Promise<void> {
    sink.state({ kind: "scanning", adapter: "array", adapterAddress: null, mode: "passive", extended: false });
    for (const advertisement of this.heard) {
      sink.advertisement(advertisement);
      await sink.delivered();
    }
    sink.invalid("trailing bytes");
    sink.state({ kind: "stopped", reason: "over" });
  }

  reset(): Promise<void> {
    return Promise.resolve();
  }
}

test("Agent scans, publishes and ends as ever though a reader of Vitals throws at each change", async () => {
  const [clock, publisher, log] = [new FakeClock(undefined, settlePromises), new FakePublisher(), new RecordingLog()];
  const scanner = new ArrayScanner([someAdvertisement()]);
  const vitals = new Vitals({ clock, missed: () => 0, log });
  using _broken = vitals.onChange(() => {
    throw new Error("unforeseen");
  });
  using _status = new StatusReporter(STATUS, { vitals, publisher, clock });
  await new Agent(OPTIONS, { scanner, publisher, vitals, clock, random: () => 0, log }).run(
    new AbortController().signal,
  );
  assert.equal(vitals.counters.published, 1);
  assert.equal(publisher.announced.length, 3); // scanning, stopped, ended
  assert.deepEqual(log.of("reader failed").map(({ fields }) => fields["change"]), ["scan", "ended"]);
});

test("Agent publishes what any scanner hears, and accounts for it", async () => {
  const clock = new FakeClock(undefined, settlePromises);
  const publisher = new FakePublisher();
  const scanner = new ArrayScanner([someAdvertisement({ rssiDbm: -40 }), someAdvertisement({ rssiDbm: -90 })]);
  const log = new RecordingLog();
  const vitals = new Vitals({ clock, missed: () => scanner.missed, log });
  const filter = { ...OPTIONS.filter, minRssiDbm: -50 };
  const parts = { scanner, publisher, vitals, clock, random: () => 0, log };
  await new Agent({ ...OPTIONS, filter }, parts).run(new AbortController().signal);
  assert.deepEqual(publisher.taken.map(({ payload }) => JSON.parse(payload).rssi), [-40]);
  const { received, published, filtered, invalid, inFlight } = vitals.counters;
  assert.deepEqual({ received, published, filtered, invalid, inFlight }, {
    received: 3,
    published: 1,
    filtered: 1,
    invalid: 1,
    inFlight: 0,
  });
  assert.deepEqual([vitals.scan, vitals.devices, vitals.endReason], [
    { kind: "stopped", reason: "over" },
    1,
    "finished",
  ]);
});

test("Agent tells again after an outage what has not changed meanwhile", async () => {
  const [clock, publisher, log] = [new FakeClock(undefined, settlePromises), new FakePublisher(), new RecordingLog()];
  const vitals = new Vitals({ clock, missed: () => 0, log });
  const run: Scanner["run"] = (sink) => {
    for (const isOnline of [true, true, false, false, true, true]) {
      publisher.outcome = isOnline ? "accepted" : "offline";
      if (isOnline && vitals.connection.kind !== "online") {
        vitals.setConnection({ kind: "online", sinceMs: 0, broker: "broker:1883", address: null });
      } else if (!isOnline) vitals.setConnection({ kind: "connecting", attempt: 1 });
      sink.advertisement(someAdvertisement());
    }
    return Promise.resolve();
  };
  const scanner: Scanner = { paced: false, missed: 0, run, reset: () => Promise.resolve() };
  const options = { ...OPTIONS, filter: { ...PASS_ALL, onChangeMs: 3_600_000 } };
  const ending = new AbortController();
  const running = new Agent(options, { scanner, publisher, vitals, clock, random: () => 0, log }).run(ending.signal);
  await clock.advance(0);
  ending.abort();
  await running;
  assert.equal(publisher.taken.length, 2);
});
