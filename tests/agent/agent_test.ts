import assert from "node:assert/strict";
import {
  Agent,
  type AgentOptions,
  ScanError,
  type Scanner,
  type ScanState,
  StatusReporter,
} from "../../src/agent/mod.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const OPTIONS: AgentOptions = {
  scannerId: "s1",
  fields: "standard",
  topicPrefix: "ble/raw",
  mergeScanResponse: true,
  filter: { minRssiDbm: null, allow: [], deny: [], maxRatePerDevice: null },
  stats: { scannerId: "s1", intervalMs: 60_000, topic: null, maxInFlight: null },
  stallTimeoutMs: 60_000,
};

const memory = () => ({ heapBytes: 1, rssBytes: 2 });
const STATUS = { scannerId: "s1", version: "1", topic: "ble/status/s1", hostname: "pi", bootId: "b" };

/** What the retained status says at the end of an agent with this scanner. */
async function lastReason(run: Scanner["run"], signal: AbortSignal): Promise<unknown> {
  const publisher = new FakePublisher();
  const clock = new FakeClock(undefined, settlePromises);
  const status = new StatusReporter(STATUS, () => publisher, clock);
  const scanner: Scanner = { paced: true, missed: 0, run, reset: () => Promise.resolve() };
  const log = new RecordingLog();
  const agent = new Agent(OPTIONS, { scanner, publisher, status, clock, random: () => 0, log, memory });
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
  const status = new StatusReporter(STATUS, () => publisher, clock);
  const run: Scanner["run"] = (sink) => {
    sink.state(state);
    return Promise.reject(new ScanError("Cannot open hci0: permission denied", "person"));
  };
  const scanner: Scanner = { paced: true, missed: 0, run, reset: () => Promise.resolve() };
  const agent = new Agent(OPTIONS, { scanner, publisher, status, clock, random: () => 0, log, memory });
  await assert.rejects(agent.run(new AbortController().signal), ScanError);
  assert.equal(agent.hasScanned, state.kind === "scanning");
  return log.of("statistics").length;
}

test("Agent has no statistics of a start that failed", async () => {
  assert.equal(await statisticsOf({ kind: "starting" }), 0);
  const scanning = { kind: "scanning", adapter: "f", adapterAddress: null, mode: "active", extended: false } as const;
  assert.equal(await statisticsOf(scanning), 1);
});
