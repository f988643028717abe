import {
  type Advertisement,
  type InvalidReason,
  MessageEncoder,
  type MessageOptions,
  messageTopic,
  ScanResponseMerger,
} from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { ReportCounter } from "./counters.ts";
import { Filter, type FilterOptions } from "./filter.ts";
import type { Outbox } from "./outbox.ts";
import type { Logger, ScanSink, ScanState } from "./ports.ts";

/** What becomes of a report. */
export interface ReportPathOptions extends MessageOptions {
  /** Messages go to `{topicPrefix}/{scannerId}/{address}`. */
  readonly topicPrefix: string;
  /** Fills in names, services and TX power from what the same device said in the last minute. */
  readonly mergeScanResponse: boolean;
  /** Which reports are published. */
  readonly filter: FilterOptions;
}

/** What a {@linkcode ReportPath} works with. */
export interface ReportPathParts {
  readonly counter: ReportCounter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The way of each report: counted, completed, filtered, encoded, handed over. */
export class ReportPath implements ScanSink {
  #filter: Filter;
  #encoder: MessageEncoder;
  #merger: ScanResponseMerger | null;

  constructor(
    private options: ReportPathOptions,
    private outbox: Outbox,
    private readonly parts: ReportPathParts,
  ) {
    this.#filter = new Filter(options.filter, parts.clock);
    this.#encoder = new MessageEncoder(options);
    this.#merger = options.mergeScanResponse ? new ScanResponseMerger(parts) : null;
  }

  /** From the next report on. What devices have said, and how often, is known as before where it still matters. */
  configure(options: ReportPathOptions, outbox: Outbox): void {
    const { clock } = this.parts;
    const isSameFilter = JSON.stringify(options.filter) === JSON.stringify(this.options.filter);
    if (!isSameFilter) this.#filter = new Filter(options.filter, clock);
    this.#encoder = new MessageEncoder(options);
    this.#merger = options.mergeScanResponse ? this.#merger ?? new ScanResponseMerger({ clock }) : null;
    this.options = options;
    this.outbox = outbox;
  }

  advertisement(heard: Advertisement): void {
    const { counter } = this.parts;
    counter.received(heard.malformedStructures);
    // Merged before it is filtered, so that names are learnt from reports that are left out.
    const advertisement = this.#merger?.merge(heard) ?? heard;
    if (!this.#filter.accepts(advertisement)) return counter.ended("filtered");
    const { topicPrefix, scannerId } = this.options;
    this.outbox.put(messageTopic(topicPrefix, scannerId, advertisement.address), this.#encoder.encode(advertisement));
  }

  invalid(reason: InvalidReason): void {
    this.parts.counter.received();
    this.parts.counter.ended("invalid");
    this.parts.log.debug("report invalid", { reason });
  }

  delivered(): Promise<void> | undefined {
    return this.outbox.room();
  }

  state(state: ScanState): void {
    if (state.kind !== "scanning") return;
    const { adapter, adapterAddress, mode, extended } = state;
    this.parts.log.info("scanning", { adapter, adapter_address: adapterAddress, mode, extended });
  }
}
