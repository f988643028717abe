import { ReportReader } from "../../src/advertisement/mod.ts";
import { StatsReporter, StatusReporter } from "../../src/status/mod.ts";
import assert from "node:assert/strict";
import { Agent, ScanError, type Scanner, type ScanSink, Vitals } from "../../src/agent/mod.ts";
import { adStructure, extendedReportsPacket, legacyReportsPacket } from "../../src/hci/mod.ts";
import { BrokerConnection } from "../../src/mqtt/connection.ts";
import { ConnectionLog } from "../../src/mqtt/connection_log.ts";
import { LossPattern } from "../../src/mqtt/loss_pattern.ts";
import { ConnectionFailure } from "../../src/mqtt/failure.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";
import { PASS_ALL } from "../support/pass_all.ts";

const TEN_YEARS_MS = 10 * 365 * 86_400_000;
const NAME = adStructure(0x09, new TextEncoder().encode("thermometer"));
const NOTHING = new Uint8Array();
const MORE_TO_COME = 1 << 5;
const SCAN_RESPONSE = 4;

/** A clock whose time of day somebody sets. */
class SetClock extends FakeClock {
  #setByMs = 0;

  override wallMs(): number {
    return super.wallMs() + this.#setByMs;
  }

  set(byMs: number): void {
    this.#setByMs += byMs;
  }
}

/** A scanner that hears what the test says; every third run fails at once. */
class Air implements Scanner {
  readonly paced = false;
  readonly missed = 0;
  readonly runsMs: number[] = [];
  readonly resetsMs: number[] = [];
  hear: (packet: Uint8Array) => void = () => {};

  constructor(private readonly clock: FakeClock) {}

  run(sink: ScanSink, signal: AbortSignal): Promise<void> {
    if (this.runsMs.push(this.clock.monotonicMs()) % 3 === 0) throw new ScanError("hci0 does not answer", "reset");
    sink.state({ kind: "scanning", adapter: "hci0", adapterAddress: null, mode: "active", extended: true });
    const reader = new ReportReader({ clock: this.clock, sink });
    this.hear = (packet) => {
      reader.read(packet);
      sink.delivered();
    };
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  reset(): Promise<void> {
    this.resetsMs.push(this.clock.monotonicMs());
    return Promise.resolve();
  }
}

function legacy(device: number, data: Uint8Array, eventType = 0): Uint8Array {
  const address = Uint8Array.of(device, 0, 0, 0, 0, 0xc0);
  return legacyReportsPacket({ eventType, addressType: 1, address, data, rssiDbm: -60 });
}

function extended(device: number, data: Uint8Array, eventType: number): Uint8Array {
  const address = Uint8Array.of(device, 0, 0, 0, 0, 0xc0);
  return extendedReportsPacket({ eventType, addressType: 1, address, data, rssiDbm: -60, sid: 1 });
}

/** What is heard, and the milliseconds before it. Every interval of the program ends somewhere in it. */
const STORY: ReadonlyArray<readonly [waitMs: number, packet: Uint8Array]> = [
  [0, legacy(1, NAME, SCAN_RESPONSE)],
  [0, extended(2, NAME, MORE_TO_COME)],
  [500, extended(2, NOTHING, 0)], // joined
  [0, extended(3, NAME, MORE_TO_COME)],
  [1_500, extended(3, NOTHING, 0)], // too late
  [0, legacy(4, NOTHING)],
  [0, legacy(4, NOTHING)],
  [0, legacy(4, NOTHING)], // beyond its rate of two a second
  [400, legacy(4, NOTHING)], // still
  [700, legacy(4, NOTHING)],
  [50_000, legacy(1, NOTHING)], // has its name
  [20_000, legacy(1, NOTHING)], // has none any more
  [400_000, legacy(1, NOTHING)], // begun afresh for silence, failed, reset
];

/** All that the agent does in the story while the clock is set by so much at each step, but for the time stamps. */
async function agentsStory(setByMs: number): Promise<{ done: unknown[]; stamps: string[] }> {
  const clock = new SetClock();
  const air = new Air(clock);
  const publisher = new FakePublisher();
  const log = new RecordingLog();
  const options = {
    scannerId: "s1",
    version: "1",
    topic: "ble/status/s1",
    intervalS: 60,
    hostname: null,
    bootId: null,
    runId: "r1",
    labels: {},
    configDigest: "d1",
  };
  const vitals = new Vitals({ clock, missed: () => 0, log });
  const memory = () => ({ heapBytes: 0, rssBytes: 0 });
  const stats = { scannerId: "s1", topic: "ble/stats/s1", maxInFlight: null };
  using _stats = new StatsReporter(stats, { vitals, publisher, memory, clock, log });
  using _status = new StatusReporter(options, { vitals, publisher, clock });
  const agent = new Agent({
    scannerId: "s1",
    fields: "standard",
    runId: "r1",
    topic: "ble/raw/{scanner_id}/{mac_address}",
    mergeScanResponse: true,
    namesLastMs: 60_000,
    filter: { ...PASS_ALL, maxRatePerDevice: 2 },
    intervalMs: 60_000,
    stallTimeoutMs: 60_000,
  }, { scanner: air, publisher, vitals, clock, random: () => 1, log });
  const ending = new AbortController();
  const running = agent.run(ending.signal);
  for (const [waitMs, packet] of STORY) {
    await clock.advance(waitMs / 2);
    clock.set(setByMs);
    await clock.advance(waitMs / 2);
    air.hear(packet);
  }
  ending.abort();
  await running;
  const stamps: string[] = [];
  const messages = [...publisher.taken, ...publisher.announced].map(({ topic, payload }) => {
    const { timestamp, started_at: _, since: __, last_heard_at: ___, ...rest } = JSON.parse(payload);
    if (timestamp !== undefined) stamps.push(timestamp);
    return { topic, ...rest };
  });
  return { done: [messages, log.records, air.runsMs, air.resetsMs, vitals.counters], stamps };
}

/** When a connection is tried and a broker looked for that is away, while the clock is set by so much. */
async function connectionsStory(setByMs: number): Promise<{ attemptsMs: number[]; probesMs: number[] }> {
  const clock = new SetClock();
  const attemptsMs: number[] = [], probesMs: number[] = [];
  const policy = { initialDelayMs: 1_000, maxDelayMs: 60_000, exponential: true };
  const connection = new BrokerConnection({
    brokers: [{
      name: "broker:1883",
      where: { host: "broker" },
      open() {
        attemptsMs.push(clock.monotonicMs());
        return Promise.reject(new ConnectionFailure("unreachable", "nothing listens there", null));
      },
      probe() {
        probesMs.push(clock.monotonicMs());
        return Promise.resolve(false);
      },
      check: () => Promise.resolve(),
    }],
    returnsToFirst: true,
    leave: () => Promise.resolve(),
    online() {},
    offline() {},
    policy,
    clock,
    random: () => 1,
    log: new ConnectionLog(new RecordingLog(), clock, () => 0),
    losses: new LossPattern({ clientId: "c1", topics: [], reconnect: policy }, clock),
    changed() {},
    warned() {},
  });
  const ending = new AbortController();
  const running = connection.run(() => true, ending.signal);
  for (let minute = 0; minute < 5; minute++) {
    await clock.advance(60_000);
    clock.set(setByMs);
  }
  ending.abort();
  await running;
  return { attemptsMs, probesMs };
}

test("the agent's story has every interval in it", async () => {
  const { done } = await agentsStory(0);
  const [messages, log, runsMs, resetsMs, counters] = done as [
    { topic: string; local_name?: string; uptime_s?: number }[],
    { event: string }[],
    number[],
    number[],
    Record<string, number>,
  ];
  const named = (device: number) =>
    messages.filter(({ topic }) => topic.endsWith(`/C0:00:00:00:00:0${device}`)).map(({ local_name }) => local_name);
  assert.deepEqual(named(1), ["thermometer", "thermometer", null, null]);
  assert.deepEqual(named(2), ["thermometer"]);
  assert.deepEqual([named(4).length, counters["filtered"], counters["invalid"]], [3, 2, 1]);
  assert.deepEqual(log.filter(({ event }) => event === "nothing heard").length, 1);
  assert.ok(runsMs.length > 5 && resetsMs.length > 0);
  assert.deepEqual(messages.findLast(({ uptime_s }) => uptime_s !== undefined)?.uptime_s, 473.1);
});

for (const setByMs of [TEN_YEARS_MS, -TEN_YEARS_MS]) {
  const direction = setByMs > 0 ? "forth" : "back";

  test(`the agent does the same at the same moments though the clock is set ${direction} by ten years, again and again`, async () => {
    const steady = await agentsStory(0);
    const set = await agentsStory(setByMs);
    assert.deepEqual(set.done, steady.done);
    assert.equal(set.stamps.length, steady.stamps.length);
    const lastS = (stamps: string[]) => Date.parse(stamps.at(-1) ?? "") / 1_000;
    assert.ok(Math.abs(lastS(set.stamps) - lastS(steady.stamps)) > 100 * 365 * 86_400, "the time stamps do follow");
  });

  test(`BrokerConnection tries and probes at the same moments though the clock is set ${direction}`, async () => {
    const steady = await connectionsStory(0);
    assert.ok(steady.attemptsMs.length > 5 && steady.probesMs.length > 20);
    assert.deepEqual(await connectionsStory(setByMs), steady);
  });
}
