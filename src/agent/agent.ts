import {
  type Advertisement,
  encodeMessage,
  type MessageOptions,
  messageTopic,
  ReportReader,
  type ReportSink,
  ScanResponseMerger,
} from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import { type Counters, ReportCounter } from "./counters.ts";
import { FailureLog } from "./failure_log.ts";
import { Filter, type FilterOptions } from "./filter.ts";
import { LiveOutbox, type Outbox, PacedOutbox } from "./outbox.ts";
import type { Logger, Publisher, Scanner, ScanSink, ScanState } from "./ports.ts";
import { type StatsOptions, StatsReporter } from "./stats.ts";
import { StatusReporter } from "./status.ts";
import { superviseScan } from "./supervisor.ts";

/** What an {@linkcode Agent} is to do. */
export interface AgentOptions extends MessageOptions {
  /** Messages go to `{topicPrefix}/{scannerId}/{address}`. */
  readonly topicPrefix: string;
  /** Fills in names, services and TX power from what the same device said in the last minute. */
  readonly mergeScanResponse: boolean;
  readonly filter: FilterOptions;
  readonly stats: StatsOptions;
  /** Silence after which the scan is begun afresh, in milliseconds. */
  readonly stallTimeoutMs: number;
}

/** What an {@linkcode Agent} works with. */
export interface AgentParts {
  readonly scanner: Scanner;
  readonly publisher: Publisher;
  readonly status: StatusReporter;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Turns what a scanner hears into messages at a broker, and accounts for every report. */
export class Agent implements ScanSink, ReportSink {
  readonly #counter = new ReportCounter();
  readonly #filter: Filter;
  readonly #merger: ScanResponseMerger | null;
  readonly #reader: ReportReader;
  readonly #publishFailures: FailureLog;
  #outbox: Outbox | null = null;

  constructor(private readonly options: AgentOptions, private readonly parts: AgentParts) {
    const { clock, log } = parts;
    this.#filter = new Filter(options.filter, clock);
    this.#merger = options.mergeScanResponse ? new ScanResponseMerger({ clock }) : null;
    this.#reader = new ReportReader({ clock, sink: this });
    this.#publishFailures = new FailureLog("publish failed", log, clock);
  }

  /** The counters at this moment. */
  get counters(): Counters {
    return this.#counter.snapshot();
  }

  /**
   * Scans and publishes until `signal` aborts, or a recording has been published to its end.
   *
   * @throws {ScanError} where scanning is impossible until a person acts
   */
  async run(signal: AbortSignal): Promise<void> {
    const { scanner, publisher, status, clock, log } = this.parts;
    const parts = { publisher, counter: this.#counter, failures: this.#publishFailures, log };
    const outbox = scanner.paced ? new PacedOutbox(parts, signal) : new LiveOutbox(parts);
    this.#outbox = outbox;
    const ended = new AbortController();
    const stats = new StatsReporter(this.options.stats, { publisher, clock, log, counters: () => this.counters });
    const reporting = this.#reportPeriodically(stats, ended.signal);
    try {
      await superviseScan({ ...this.parts, stallTimeoutMs: this.options.stallTimeoutMs }, this, signal);
      await outbox.drained();
    } finally {
      ended.abort();
      await reporting;
      this.#publishFailures.summarise();
      stats.report();
      status.stopped(signal.aborted ? "stopped" : "finished");
    }
  }

  /** @inheritdoc */
  event(packet: Uint8Array): Promise<void> | undefined {
    this.#reader.read(packet);
    return this.#outbox?.room();
  }

  /** @inheritdoc */
  state(state: ScanState): void {
    const { log, status } = this.parts;
    if (state.kind === "scanning") {
      const { kind: _, ...fields } = state;
      log.info("scanning", fields);
    }
    status.scan(state);
  }

  /** @inheritdoc */
  advertisement(advertisement: Advertisement): void {
    this.#counter.received(advertisement.malformedStructures);
    const merged = this.#merger?.merge(advertisement) ?? advertisement;
    if (!this.#filter.accepts(merged)) return this.#counter.ended("filtered");
    const { topicPrefix, scannerId } = this.options;
    this.#outbox?.put(messageTopic(topicPrefix, scannerId, merged.address), encodeMessage(merged, this.options));
  }

  /** @inheritdoc */
  invalid(reason: string): void {
    this.#counter.received();
    this.#counter.ended("invalid");
    this.parts.log.debug("report invalid", { reason });
  }

  async #reportPeriodically(stats: StatsReporter, signal: AbortSignal): Promise<void> {
    try {
      while (true) {
        await this.parts.clock.sleep(this.options.stats.intervalMs, signal);
        this.#publishFailures.summarise();
        stats.report();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
