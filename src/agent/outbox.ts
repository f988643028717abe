import type { Fate, ReportCounter } from "./counters.ts";
import type { FailureLog } from "./failure_log.ts";
import { type Logger, MessageDropped, type Publisher, type PublishOutcome } from "./ports.ts";

/** Hands messages to the publisher and counts how each one ended. */
export interface Outbox {
  /** Takes one message, whose report is already counted as received. */
  put(topic: string, payload: string): void;
  /** What a paced source has to wait for before it goes on; undefined: nothing. */
  room(): Promise<void> | undefined;
  /** Resolves once every message of a paced source is with the broker. */
  drained(): Promise<void>;
}

/** What both kinds of {@linkcode Outbox} work with. */
export interface OutboxParts {
  readonly publisher: Publisher;
  readonly counter: ReportCounter;
  readonly failures: FailureLog;
  readonly log: Logger;
}

/** For the air, which does not wait: what the broker does not take is dropped, and counted. */
export class LiveOutbox implements Outbox {
  readonly #logsEach: boolean;

  constructor(private readonly parts: OutboxParts) {
    this.#logsEach = parts.log.enabled("debug");
  }

  put(topic: string, payload: string): void {
    const { publisher, counter, failures } = this.parts;
    // The shared function spares a closure per message, unless each publish is logged.
    const settled = this.#logsEach ? (error: Error | null) => this.#logAndSettle(topic, error) : this.#settle;
    const outcome = publisher.publish(topic, payload, settled);
    if (outcome === "accepted") return;
    counter.ended(FATES[outcome]);
    // What is lost for want of a connection belongs to the story of the outage, which is told elsewhere; that no more
    // than so much is sent was asked for.
    if (outcome === "backpressure") failures.failed(outcome, { topic });
  }

  room(): undefined {
    return undefined;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  #logAndSettle(topic: string, error: Error | null): void {
    if (error === null) this.parts.log.debug("published", { topic });
    this.#settle(error);
  }

  readonly #settle = (error: Error | null): void => {
    const { counter, failures } = this.parts;
    if (error === null) return counter.ended("published");
    counter.ended(fateOf(error));
    if (error instanceof MessageDropped) failures.failed(error.how);
  };
}

/** Where a report ends whose message was not accepted. */
const FATES: Readonly<Record<Exclude<PublishOutcome, "accepted">, Fate>> = {
  offline: "droppedOffline",
  rate_limited: "droppedRateLimited",
  backpressure: "droppedBackpressure",
};

/** Where a report ends whose message was accepted, and lost because of `error`. */
function fateOf(error: Error): Fate {
  if (!(error instanceof MessageDropped)) return "droppedOffline";
  return error.how === "backpressure" ? "droppedBackpressure" : "droppedUnacknowledged";
}

interface Message {
  /** Its place in the recording. */
  readonly order: number;
  readonly topic: string;
  readonly payload: string;
}

/** For a recording, which waits: nothing is dropped, and what a lost connection took is sent again. */
export class PacedOutbox implements Outbox {
  /** In the order of the recording. */
  readonly #waiting: Message[] = [];
  #taken = 0;
  #flushing: Promise<void> | undefined;
  #onSettled: () => void = () => {};

  /** @param signal aborts when the agent is to end: what then waits is dropped */
  constructor(private readonly parts: OutboxParts, private readonly signal: AbortSignal) {
    signal.addEventListener("abort", () => {
      for (const _ of this.#waiting.splice(0)) parts.counter.ended("droppedOffline");
      this.#onSettled();
    }, { once: true });
  }

  put(topic: string, payload: string): void {
    this.#waiting.push({ order: this.#taken++, topic, payload });
  }

  room(): Promise<void> | undefined {
    if (this.#flushing === undefined && !this.#flush()) this.#flushing = this.#flushWhenReady();
    return this.#flushing;
  }

  async drained(): Promise<void> {
    while (!this.signal.aborted) {
      await this.room();
      if (this.#waiting.length > 0) continue; // put back in the meantime
      if (this.parts.counter.inFlight === 0) return;
      await new Promise<void>((resolve) => this.#onSettled = resolve);
    }
  }

  /** Publishes what waits; false: the publisher takes no more for now. */
  #flush(): boolean {
    for (let message = this.#waiting[0]; message !== undefined; message = this.#waiting[0]) {
      if (!this.#publish(message)) return false;
      this.#waiting.shift();
    }
    return true;
  }

  async #flushWhenReady(): Promise<void> {
    try {
      do await this.parts.publisher.ready(this.signal); while (!this.#flush());
    } catch (error) {
      if (!this.signal.aborted) throw error;
    } finally {
      this.#flushing = undefined;
    }
  }

  #publish(message: Message): boolean {
    const settled = (error: Error | null) => this.#settle(message, error);
    return this.parts.publisher.publish(message.topic, message.payload, settled) === "accepted";
  }

  #settle(message: Message, error: Error | null): void {
    const { counter, log } = this.parts;
    if (error === null) {
      counter.ended("published");
      log.debug("published", { topic: message.topic });
    } else if (this.signal.aborted) {
      counter.ended(fateOf(error));
    } else {
      log.debug("publishing again", { topic: message.topic, error });
      this.#putBack(message);
    }
    this.#onSettled();
  }

  #putBack(message: Message): void {
    // From the end: they come in their order.
    this.#waiting.splice(this.#waiting.findLastIndex(({ order }) => order < message.order) + 1, 0, message);
  }
}
