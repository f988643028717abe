import {
  encodeMessage,
  type MessageOptions,
  messageTopic,
  ReportReader,
  type ReportSink,
  ScanResponseMerger,
} from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import { type Counters, ReportCounter } from "./counters.ts";
import { DeviceCount } from "./device_count.ts";
import { FailureLog } from "./failure_log.ts";
import { Filter, type FilterOptions } from "./filter.ts";
import { LiveOutbox, type Outbox, PacedOutbox } from "./outbox.ts";
import type { Logger, Publisher, Scanner, ScanSink } from "./ports.ts";
import { type MemoryUse, type StatsOptions, StatsReporter } from "./stats.ts";
import type { StatusReporter } from "./status.ts";
import { superviseScan } from "./supervisor.ts";

/** What an {@linkcode Agent} is to do. */
export interface AgentOptions extends MessageOptions {
  /** Messages go to `{topicPrefix}/{scannerId}/{address}`. */
  readonly topicPrefix: string;
  /** Fills in names, services and TX power from what the same device said in the last minute. */
  readonly mergeScanResponse: boolean;
  /** Which reports are published. */
  readonly filter: FilterOptions;
  /** How statistics are reported. */
  readonly stats: StatsOptions;
  /** Silence after which the scan is begun afresh, in milliseconds. */
  readonly stallTimeoutMs: number;
}

/** What an {@linkcode Agent} works with. */
export interface AgentParts {
  /** Hears. */
  readonly scanner: Scanner;
  /** Takes the messages. */
  readonly publisher: Publisher;
  /** Is told about the scan. */
  readonly status: StatusReporter;
  /** Time. */
  readonly clock: Clock;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  /** Where events are written. */
  readonly log: Logger;
  /** Asked for each report of statistics. */
  readonly memory: () => MemoryUse;
}

/** How long scanning waits at the start for a connection. */
const FIRST_CONNECTION_MS = 1_000;

/** Turns what a scanner hears into messages at a broker, and accounts for every report. */
export class Agent {
  readonly #counter = new ReportCounter();
  readonly #devices = new DeviceCount();
  readonly #publishFailures: FailureLog;
  #hasScanned = false;

  /** Prepares; {@linkcode run} begins. */
  constructor(private readonly options: AgentOptions, private readonly parts: AgentParts) {
    this.#publishFailures = new FailureLog("publish failed", parts.log, parts.clock);
  }

  /** The counters at this moment. */
  get counters(): Counters {
    return { ...this.#counter.snapshot(), missed: this.parts.scanner.missed };
  }

  /** Whether it has come to scanning since the start. */
  get hasScanned(): boolean {
    return this.#hasScanned;
  }

  /**
   * Scans and publishes until `signal` aborts, or a recording has been published to its end.
   *
   * @throws {ScanError} where scanning is impossible until a person acts, or a recording breaks off
   */
  async run(signal: AbortSignal): Promise<void> {
    const { scanner, publisher, status, log } = this.parts;
    const outboxParts = { publisher, counter: this.#counter, failures: this.#publishFailures, log };
    const outbox = scanner.paced ? new PacedOutbox(outboxParts, signal) : new LiveOutbox(outboxParts);
    const stats = new StatsReporter(this.options.stats, {
      ...this.parts,
      counters: () => this.counters,
      devices: this.#devices,
    });
    const ended = new AbortController();
    const reporting = this.#reportPeriodically(stats, ended.signal);
    let reason = "finished";
    try {
      await this.#untilConnected(signal);
      const supervision = { ...this.parts, stallTimeoutMs: this.options.stallTimeoutMs };
      await superviseScan(supervision, this.#scanSink(outbox), signal);
      await outbox.drained();
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      ended.abort();
      await reporting;
      this.#publishFailures.summarise();
      if (this.#hasScanned) stats.report();
      status.stopped(signal.aborted ? "stopped" : reason);
    }
  }

  /** What is heard before the first connection would only be dropped; a broker that is away is not waited for. */
  async #untilConnected(signal: AbortSignal): Promise<void> {
    const { publisher, clock } = this.parts;
    const patience = new AbortController();
    const waiting = clock.sleep(FIRST_CONNECTION_MS, patience.signal).then(() => patience.abort(), () => {});
    await publisher.ready(AbortSignal.any([signal, patience.signal])).catch(() => {});
    patience.abort();
    await waiting;
  }

  #scanSink(outbox: Outbox): ScanSink {
    const { clock, log, scanner, status } = this.parts;
    const reader = new ReportReader({ clock, sink: this.#reportSink(outbox), missed: () => scanner.missed });
    return {
      event: (packet) => {
        status.heard();
        reader.read(packet);
        return outbox.room();
      },
      state: (state) => {
        if (state.kind === "scanning") {
          this.#hasScanned = true;
          const { adapter, adapterAddress, mode, extended } = state;
          log.info("scanning", { adapter, adapter_address: adapterAddress, mode, extended });
        }
        if (state.kind === "stopped") reader.end();
        status.scan(state);
      },
    };
  }

  #reportSink(outbox: Outbox): ReportSink {
    const { options, parts: { clock, log } } = this;
    const { topicPrefix, scannerId } = options;
    const counter = this.#counter;
    const devices = this.#devices;
    const filter = new Filter(options.filter, clock);
    const merger = options.mergeScanResponse ? new ScanResponseMerger({ clock }) : null;
    return {
      advertisement(heard) {
        counter.received(heard.malformedStructures);
        if (heard.addressType !== "anonymous") devices.heard(heard.address);
        // Merged before it is filtered, so that names are learnt from reports that are left out.
        const advertisement = merger?.merge(heard) ?? heard;
        if (!filter.accepts(advertisement)) return counter.ended("filtered");
        outbox.put(messageTopic(topicPrefix, scannerId, advertisement.address), encodeMessage(advertisement, options));
      },
      invalid(reason) {
        counter.received();
        counter.ended("invalid");
        log.debug("report invalid", { reason });
      },
    };
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
