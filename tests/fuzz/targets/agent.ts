import assert from "node:assert/strict";
import { ReportReader } from "../../../src/advertisement/mod.ts";
import { messageSchema } from "../../../src/advertisement/message_schema.ts";
import {
  Agent,
  type Counters,
  type FilterOptions,
  MessageDropped,
  type Publisher,
  type PublishOutcome,
  type Scanner,
  type ScanSink,
  type Settled,
  Vitals,
} from "../../../src/agent/mod.ts";
import { createLog } from "../../../src/log/mod.ts";
import { abortable, type Clock } from "../../../src/time/mod.ts";
import type { Target } from "../fuzzer.ts";
import type { Input } from "../input.ts";
import { PAUSE, pauseMs } from "./pause.ts";
import { AD_WORDS, FRAGMENT_SEEDS, REPORT_SEEDS, REPORT_WORDS } from "./words.ts";
import { PASS_ALL } from "../../support/pass_all.ts";

const SCANNER_ID = "fuzz";
const TOPIC = /^ble\/raw\/fuzz\/((?:[0-9A-F]{2}:){5}[0-9A-F]{2})$/;
/** The rest of the way has most of the time, each filter some. */
const FILTERS: readonly FilterOptions[] = [
  { ...PASS_ALL, minRssiDbm: -100, deny: ["00:00"], maxRatePerDevice: 40 },
  { ...PASS_ALL, onChangeMs: 1_000, addressTypes: ["public", "static", "resolvable", "non_resolvable", "unknown"] },
  { ...PASS_ALL, names: ["*a*", "?*?"] },
  { ...PASS_ALL, companies: [0x004c, 0x0499], connectable: true },
  { ...PASS_ALL, services: ["0000180f-0000-1000-8000-00805f9b34fb"] },
];
/** What a terminal obeys, does not show, or shows in another order. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * From HCI events to messages and log lines, through the agent as it is. The counters' law holds
 * after each event; every message is valid JSON by the schema, on its own topic; nothing from the
 * air breaks a line of the log or steers a terminal.
 */
export const agentTarget: Target = {
  name: "agent",
  share: 3,
  seeds: [...REPORT_SEEDS, ...FRAGMENT_SEEDS],
  words: [...AD_WORDS, ...REPORT_WORDS, PAUSE],
  async execute(input) {
    const failures = new Failures();
    const publisher = new MoodyPublisher(failures);
    const clock = new StoppedClock();
    const harmful: string[] = [];
    const write = (line: string) => void (isHarmless(line) || harmful.push(line));
    const format = input.length % 3 === 0 ? "text" : "json";
    const log = createLog({ level: "trace", format, write, now: clock.wallMs });
    const vitals = new Vitals({ clock, missed: () => 0, log });
    const scanner = new InputScanner(input, clock, failures, () => checkLaw(vitals.counters));
    const agent = new Agent(
      {
        scannerId: SCANNER_ID,
        fields: input.length % 2 === 0 ? "full" : "standard",
        runId: "r1",
        topic: "ble/raw/{scanner_id}/{mac_address}",
        mergeScanResponse: true,
        namesLastMs: 60_000,
        filter: FILTERS[input.length % FILTERS.length] ?? PASS_ALL,
        intervalMs: 60_000,
        stallTimeoutMs: 60_000,
      },
      { scanner, publisher, vitals, clock, random: () => 0.5, log },
    );
    await agent.run(new AbortController().signal);
    failures.throwFirst();
    publisher.settleRest();
    checkLaw(vitals.counters);
    assert.equal(vitals.counters.inFlight, 0, "a message was never settled");
    assert.deepEqual(harmful, [], "lines of the log");
  },
};

function checkLaw(counters: Counters): void {
  const { received, published, filtered, filteredBy, invalid, inFlight } = counters;
  const dropped = counters.droppedOffline + counters.droppedBackpressure + counters.droppedRateLimited +
    counters.droppedUnacknowledged;
  assert.equal(Object.values(filteredBy).reduce((sum, count) => sum + count, 0), filtered);
  assert.ok(inFlight >= 0, "more reports ended than came");
  assert.equal(received, published + dropped + filtered + invalid + inFlight);
}

/** Whether it is one line, in JSON if it looks so, that steers no terminal. */
function isHarmless(line: string): boolean {
  const text = line.slice(0, -1);
  if (text.startsWith("{")) JSON.parse(text);
  return line.endsWith("\n") && !HARMFUL.test(text);
}

/** Keeps what is thrown where the agent would take it for a scan that failed, and try again. */
class Failures {
  #first: unknown = null;

  collect(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#first ??= error;
    }
  }

  throwFirst(): void {
    if (this.#first !== null) throw this.#first;
  }
}

function checkMessage(topic: string, payload: string): void {
  const message = JSON.parse(payload);
  assert.deepEqual(messageSchema.parse(message), message);
  assert.equal(TOPIC.exec(topic)?.[1], message.mac_address, `a message of ${message.mac_address} went to ${topic}`);
}

/** Takes most messages, and settles some of them later, some as lost. */
class MoodyPublisher implements Publisher {
  readonly #waiting: Settled[] = [];
  #messages = 0;

  constructor(private readonly failures: Failures) {}

  publish(topic: string, payload: string, settled: Settled): PublishOutcome {
    this.failures.collect(() => checkMessage(topic, payload));
    switch (this.#messages++ % 7) {
      case 0:
        return "offline";
      case 1:
        return "backpressure";
      case 2:
        settled(this.#messages % 2 === 0 ? new Error("lost") : new MessageDropped("unacknowledged", "lost"));
        return "accepted";
      case 3:
        this.#waiting.push(settled);
        return "accepted";
      default:
        settled(null);
        return "accepted";
    }
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  announce(): void {}

  settleRest(): void {
    for (const settled of this.#waiting.splice(0)) settled(null);
  }
}

/** Hears the input, then ends. */
class InputScanner implements Scanner {
  readonly paced = false;
  readonly missed = 0;

  constructor(
    private readonly input: Input,
    private readonly clock: StoppedClock,
    private readonly failures: Failures,
    private readonly check: () => void,
  ) {}

  run(sink: ScanSink): Promise<void> {
    const adapter = { adapter: "fuzz", adapterAddress: null };
    sink.state({ kind: "scanning", ...adapter, mode: "active", extended: true });
    const reader = new ReportReader({ clock: this.clock, sink });
    for (const piece of this.input) {
      this.clock.nowMs += pauseMs(piece);
      this.failures.collect(() => {
        reader.read(piece);
        sink.delivered();
        this.check();
      });
    }
    reader.end();
    sink.state({ kind: "stopped", reason: "over" });
    return Promise.resolve();
  }

  reset(): Promise<void> {
    return Promise.resolve();
  }
}

/** Time passes by pauses in the input alone; who sleeps does so until it is woken. */
class StoppedClock implements Clock {
  nowMs = 0;

  readonly wallMs = (): number => Date.UTC(2026, 0, 11) + this.nowMs;

  monotonicMs(): number {
    return this.nowMs;
  }

  sleep(_delayMs: number, signal?: AbortSignal): Promise<void> {
    return abortable<void>(signal ?? new AbortController().signal, () => {});
  }
}
