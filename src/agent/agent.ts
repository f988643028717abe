import { MessageEncoder, type MessageOptions, messageTopic, ScanResponseMerger } from "../advertisement/mod.ts";
import { type Clock, timeLimit } from "../time/mod.ts";
import { FailureLog } from "./failure_log.ts";
import { Filter, type FilterOptions } from "./filter.ts";
import { LiveOutbox, type Outbox, PacedOutbox } from "./outbox.ts";
import type { Logger, Publisher, Scanner, ScanSink, ScanState } from "./ports.ts";
import { superviseScan } from "./supervisor.ts";
import type { Vitals } from "./vitals.ts";

/** What an {@linkcode Agent} is to do. */
export interface AgentOptions extends MessageOptions {
  /** Messages go to `{topicPrefix}/{scannerId}/{address}`. */
  readonly topicPrefix: string;
  /** Fills in names, services and TX power from what the same device said in the last minute. */
  readonly mergeScanResponse: boolean;
  /** Which reports are published. */
  readonly filter: FilterOptions;
  /** How often statistics are taken, in milliseconds. */
  readonly intervalMs: number;
  /** Silence after which the scan is begun afresh, in milliseconds. */
  readonly stallTimeoutMs: number;
}

/** What an {@linkcode Agent} works with. */
export interface AgentParts {
  /** Hears. */
  readonly scanner: Scanner;
  /** Takes the messages. */
  readonly publisher: Publisher;
  /** Is told what is true. */
  readonly vitals: Vitals;
  /** Time. */
  readonly clock: Clock;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  /** Where events are written. */
  readonly log: Logger;
}

/** How long scanning waits at the start for a connection. */
const FIRST_CONNECTION_MS = 1_000;

/** Turns what a scanner hears into messages at a broker, and accounts for every report. */
export class Agent {
  readonly #publishFailures: FailureLog;

  /** Prepares; {@linkcode run} begins. */
  constructor(private readonly options: AgentOptions, private readonly parts: AgentParts) {
    this.#publishFailures = new FailureLog("publish failed", parts.log, parts.clock);
  }

  /**
   * Scans and publishes until `signal` aborts, or a recording has been published to its end.
   *
   * @throws {ScanError} where scanning is impossible until a person acts, or a recording breaks off
   */
  async run(signal: AbortSignal): Promise<void> {
    const { scanner, publisher, vitals, log } = this.parts;
    const outboxParts = { publisher, counter: vitals.counter, failures: this.#publishFailures, log };
    const outbox = scanner.paced ? new PacedOutbox(outboxParts, signal) : new LiveOutbox(outboxParts);
    const ended = new AbortController();
    const dividing = this.#divideTime(ended.signal);
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
      await dividing;
      this.#publishFailures.summarise();
      vitals.end(signal.aborted ? "stopped" : reason);
    }
  }

  /** What is heard before the first connection would only be dropped; a broker that is away is not waited for. */
  async #untilConnected(signal: AbortSignal): Promise<void> {
    const { publisher, clock } = this.parts;
    using limit = timeLimit(clock, FIRST_CONNECTION_MS, { signal });
    await publisher.ready(limit.signal).catch(() => {});
  }

  #scanSink(outbox: Outbox): ScanSink {
    const { options, parts: { clock, log, vitals: { counter } } } = this;
    const { topicPrefix, scannerId } = options;
    const filter = new Filter(options.filter, clock);
    const encoder = new MessageEncoder(options);
    const merger = options.mergeScanResponse ? new ScanResponseMerger({ clock }) : null;
    return {
      advertisement(heard) {
        counter.received(heard.malformedStructures);
        // Merged before it is filtered, so that names are learnt from reports that are left out.
        const advertisement = merger?.merge(heard) ?? heard;
        if (!filter.accepts(advertisement)) return counter.ended("filtered");
        outbox.put(messageTopic(topicPrefix, scannerId, advertisement.address), encoder.encode(advertisement));
      },
      invalid(reason) {
        counter.received();
        counter.ended("invalid");
        log.debug("report invalid", { reason });
      },
      delivered: () => outbox.room(),
      state: (state) => this.#logScan(state),
    };
  }

  #logScan(state: ScanState): void {
    if (state.kind !== "scanning") return;
    const { adapter, adapterAddress, mode, extended } = state;
    this.parts.log.info("scanning", { adapter, adapter_address: adapterAddress, mode, extended });
  }

  /** Ends intervals until `signal` aborts. */
  async #divideTime(signal: AbortSignal): Promise<void> {
    try {
      while (true) {
        await this.parts.clock.sleep(this.options.intervalMs, signal);
        this.#publishFailures.summarise();
        this.parts.vitals.endInterval();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
