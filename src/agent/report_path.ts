import {
  type Advertisement,
  type InvalidReason,
  MessageEncoder,
  type MessageOptions,
  messageTopics,
} from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { ReportCounter } from "./counters.ts";
import type { Outbox } from "./outbox.ts";
import type { Logger, ScanSink, ScanState } from "./ports.ts";
import { Selection, type SelectionOptions } from "./selection.ts";

/** What becomes of a report. */
export interface ReportPathOptions extends MessageOptions, SelectionOptions {
  /** Where messages go, see {@linkcode messageTopics}. */
  readonly topic: string;
}

/** What a {@linkcode ReportPath} works with. */
export interface ReportPathParts {
  readonly counter: ReportCounter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The way of each report: counted, completed, filtered, encoded, handed over. */
export class ReportPath implements ScanSink {
  readonly #selection: Selection;
  readonly #encoder: MessageEncoder;
  #topicOf: (address: string) => string;

  constructor(
    options: ReportPathOptions,
    private outbox: Outbox,
    private readonly parts: ReportPathParts,
  ) {
    this.#selection = new Selection(options, parts.clock);
    this.#encoder = new MessageEncoder(options);
    this.#topicOf = messageTopics(options.topic, options.scannerId);
  }

  /** From the next report on. What devices have said, and how often, is known as before where it still matters. */
  configure(options: ReportPathOptions, outbox: Outbox): void {
    this.#selection.configure(options);
    this.#encoder.configure(options);
    this.#topicOf = messageTopics(options.topic, options.scannerId);
    this.outbox = outbox;
  }

  /** What an outage has cost is told again, though nothing has changed. */
  reconnected(): void {
    this.#selection.forgetSaid();
  }

  advertisement(heard: Advertisement): void {
    const { counter } = this.parts;
    counter.received(heard.malformedStructures);
    const selected = this.#selection.select(heard);
    if (typeof selected === "string") return counter.filtered(selected);
    this.outbox.put(this.#topicOf(selected.address), this.#encoder.encode(selected));
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
