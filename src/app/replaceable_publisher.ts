import type { Publisher, PublishOutcome, Settled } from "../agent/mod.ts";
import { untilAborted } from "../time/mod.ts";

/** One connection's publisher. */
export interface ConnectionPublisher extends Publisher, AsyncDisposable {
  /** Begins to connect. */
  start(): void;
}

/**
 * A publisher whose connection can be made anew, with whatever is configured by then. What comes meanwhile is dropped,
 * as at any time without a connection; a recording waits.
 */
export class ReplaceablePublisher<P extends ConnectionPublisher> implements Publisher, AsyncDisposable {
  #current: P | null = null;
  #begun = Promise.withResolvers<void>();
  #isDisposed = false;
  #closing: PromiseLike<void> | undefined;

  /** @param create makes the publisher of the next connection */
  constructor(private readonly create: () => P) {}

  /** That of the connection there is; null: between two, or before the first. */
  get current(): P | null {
    return this.#current;
  }

  /** Begins to connect. */
  start(): void {
    if (this.#isDisposed) return;
    this.#current = this.create();
    this.#current.start();
    this.#begun.resolve();
  }

  /** Closes the connection with a goodbye, and begins to make the next one. */
  async replace(): Promise<void> {
    await this.#close();
    this.start();
  }

  /** @inheritdoc */
  publish(topic: string, payload: string, settled: Settled): PublishOutcome {
    return this.#current === null ? "offline" : this.#current.publish(topic, payload, settled);
  }

  /** @inheritdoc */
  announce(topic: string, payload: string, options: { readonly retain: boolean }): void {
    this.#current?.announce(topic, payload, options);
  }

  /** @inheritdoc */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.#isDisposed) {
      const current = this.#current;
      try {
        if (current === null) await untilAborted(this.#begun.promise, signal);
        else return await current.ready(signal);
      } catch (error) {
        if (signal.aborted || current === this.#current) throw error; // not because it was replaced
      }
    }
    throw new Error("Cannot publish: the publisher is closed");
  }

  /** Closes the connection, and makes no other. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#close();
    this.#begun.resolve();
  }

  /** Those who wait for its publisher find that there is none, and wait for the next. */
  async #close(): Promise<void> {
    if (this.#current !== null) {
      this.#closing = this.#current[Symbol.asyncDispose]();
      this.#current = null;
      this.#begun = Promise.withResolvers();
    }
    await this.#closing;
  }
}
