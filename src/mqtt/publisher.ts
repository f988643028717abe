import { isDeepStrictEqual } from "node:util";
import type { ConnectionState, Publisher, PublishOutcome, Settled } from "../agent/mod.ts";
import { Addresses } from "./addresses.ts";
import { checkBroker } from "./check.ts";
import { type Broker, BrokerConnection } from "./connection.ts";
import { ConnectionLog } from "./connection_log.ts";
import { readCredentials } from "./credential_files.ts";
import type { ConnectionFailure } from "./failure.ts";
import { type NetworkConnection, openNetworkConnection } from "./network_connection.ts";
import { LossPattern } from "./loss_pattern.ts";
import { brokerName, type MqttOptions, optionsPerBroker } from "./options.ts";
import { Sender } from "./sender.ts";
import type { MqttParts } from "./parts.ts";
import { probeBroker } from "./probe.ts";
import { RateLimit } from "./rate_limit.ts";

/** The share of the time for an attempt that one gets whose broker is not the only one, and has not failed yet. */
const HASTE = 0.5;
/** How long messages in flight may take at the end; the DISCONNECT takes half a second more at most. */
const DRAIN_TIMEOUT_MS = 1_500;

/**
 * Publishes to an MQTT 3.1.1 broker over a connection that it never gives up.
 *
 * Nothing is queued beyond fixed bounds, and no call waits for the broker. Messages in flight when a connection ends
 * are settled as lost: each connection starts from scratch, with or without clean session.
 */
export class MqttPublisher implements Publisher, AsyncDisposable {
  readonly #connection: BrokerConnection<NetworkConnection>;
  readonly #losses: LossPattern;
  readonly #ending = new AbortController();
  readonly #waiting = new Set<() => void>();
  /** Announcements that found no room: the latest for each topic. */
  readonly #owed = new Map<string, { readonly payload: string; readonly retain: boolean }>();
  readonly #limit: RateLimit | null;
  #running: Promise<void> | null = null;
  #closed: Promise<void> | null = null;
  #isClosing = false;
  /** Whether messages are refused although there is a connection: it is about to be closed. */
  #isLeaving = false;
  /** Resolves when all is settled that was under way, or has had its time; null: nobody waits for that. */
  #draining: Promise<void> | null = null;
  #drained = new AbortController();
  #hasPublished = false;
  #network: NetworkConnection | null = null;
  #sender: Sender | null = null;
  /** The round trip measured on the last connection; halved by each attempt that fails. */
  #roundTripMs = 0;

  /** Does nothing until {@linkcode MqttPublisher.start} is called. */
  constructor(private readonly options: MqttOptions, private readonly parts: MqttParts) {
    const { reconnect, returnsToFirst } = options;
    const { clock, random, log, dropped } = parts;
    this.#losses = new LossPattern(options, clock);
    this.#limit = options.maxRate === null ? null : new RateLimit(options.maxRate);
    this.#connection = new BrokerConnection<NetworkConnection>({
      brokers: optionsPerBroker(options).map((each) => this.#broker(each)),
      returnsToFirst,
      online: (network) => this.#online(network),
      leave: (reason) => this.#leaveFor(reason),
      offline: (failure) => this.#offline(failure),
      policy: reconnect,
      clock,
      random,
      log: new ConnectionLog(log, clock, dropped),
      losses: this.#losses,
      changed: (state) => this.#tell(state),
      warned: () => parts.connection.setWarning(this.#losses.warning),
    });
  }

  /** Starts connecting, and never gives up. Calling it again does nothing. */
  start(): void {
    this.#running ??= this.#connection.run(() => this.#isSettled, this.#ending.signal);
  }

  /** Hands over one message, not retained; never waits and never queues beyond its bounds. */
  publish(topic: string, payload: string, settled: Settled): PublishOutcome {
    if (this.#sender === null || this.#isLeaving) return "offline";
    if (!this.#hasPublished) {
      this.#hasPublished = true;
      this.#losses.published();
    }
    return this.#sender.publish(topic, payload, settled);
  }

  /**
   * Publishes besides the messages: retained with QoS 1, otherwise with QoS 0. What finds no room is published as soon
   * as there is some, unless its topic has been announced anew by then. Does nothing while offline.
   */
  announce(topic: string, payload: string, { retain }: { readonly retain: boolean }): void {
    if (this.#sender === null || this.#isClosing) return;
    this.#owed.set(topic, { payload, retain });
    this.#announceOwed();
  }

  /**
   * Resolves once `publish` would accept a message.
   *
   * @throws the signal's reason, as soon as it aborts
   * @throws {Error} where the publisher is closed
   */
  ready(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#isClosing) return reject(closedError());
      if (!this.#isLeaving && this.#sender?.hasRoom) return resolve();
      const end = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", onAbort);
      };
      const wake = () => {
        end();
        if (this.#isClosing) reject(closedError());
        else resolve();
      };
      const onAbort = () => {
        end();
        reject(signal.reason);
      };
      this.#waiting.add(wake);
      this.#sender?.awaitRate();
      signal.addEventListener("abort", onAbort);
    });
  }

  /**
   * Whether the password and certificates are others than those that the connection was made with. What cannot be read
   * is no reason to leave a connection.
   */
  async hasOtherCredentials(signal: AbortSignal): Promise<boolean> {
    const network = this.#network;
    if (network === null) return false; // the next attempt reads them
    try {
      return !isDeepStrictEqual(await readCredentials(network.options, this.parts, signal), network.credentials);
    } catch {
      return false;
    }
  }

  /**
   * Takes no more messages, waits up to 1.5 s for those in flight, and disconnects. If they do not get through, no
   * DISCONNECT is sent, so that the broker publishes the will. Resolves within 3 s, whatever the broker does.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#tell({ kind: "closing" });
    this.#isClosing = true;
    this.#wakeAll();
    await this.#leave();
    this.#ending.abort();
    this.start();
    await this.#running;
  }

  /** The broker that is left hears why. */
  #leaveFor(reason: string): Promise<void> {
    this.parts.connection.leave(reason);
    return this.#leave();
  }

  /** Takes no more messages over this connection, and resolves when those under way are settled or have had their time. */
  #leave(): Promise<void> {
    this.#isLeaving = true;
    return this.#draining ??= this.#drain().finally(() => this.#draining = null);
  }

  async #drain(): Promise<void> {
    if (this.#sender === null || this.#isSettled) return;
    this.#drained = new AbortController();
    await this.parts.clock.sleep(DRAIN_TIMEOUT_MS, this.#drained.signal).catch(() => {});
  }

  #broker(options: MqttOptions): Broker<NetworkConnection> {
    const { host, port, tls, connectTimeoutMs, clientId } = options;
    const hasty = { ...options, connectTimeoutMs: HASTE * connectTimeoutMs };
    const checking = { ...options, clientId: `${clientId}-probe`, cleanSession: true };
    const addresses = new Addresses(this.parts.clock);
    return {
      name: brokerName(options),
      where: { host, port, tls: tls !== null },
      open: (isHasty, signal) => this.#open(isHasty ? hasty : options, addresses, signal),
      probe: (signal) => probeBroker(host, port, this.parts.clock, signal),
      check: (signal) => checkBroker(checking, this.parts, signal),
    };
  }

  async #open(options: MqttOptions, addresses: Addresses, signal: AbortSignal): Promise<NetworkConnection> {
    try {
      return await openNetworkConnection(options, this.parts, signal, this.#roundTripMs, addresses);
    } catch (error) {
      this.#roundTripMs /= 2;
      throw error;
    }
  }

  /** Once the publisher is closing, the last connection's states are of no interest. */
  #tell(state: ConnectionState): void {
    if (!this.#isClosing || state.kind === "closed") this.parts.connection.setConnection(state);
  }

  #online(network: NetworkConnection): void {
    this.#hasPublished = false;
    this.#isLeaving = this.#isClosing;
    const { client, socket, pulse } = network;
    const onBroken = (failure: ConnectionFailure) => network.abandon(failure);
    const parts = {
      client,
      socket,
      limit: this.#limit,
      pulse,
      clock: this.parts.clock,
      onRoom: () => this.#changed(),
      onBroken,
    };
    this.#network = network;
    this.#sender = new Sender(parts, this.options);
    this.#changed();
  }

  #offline(failure: ConnectionFailure): void {
    const sender = this.#sender;
    this.#roundTripMs = this.#network?.roundTripMs ?? 0;
    this.#sender = this.#network = null;
    this.#owed.clear(); // the next connection announces all afresh
    sender?.fail(failure);
    this.#changed();
  }

  /** Something was settled, or the connection came or went. */
  #changed(): void {
    if (this.#owed.size > 0) this.#announceOwed();
    if (this.#isLeaving) {
      if (this.#sender === null || this.#isSettled) this.#drained.abort();
    } else if (this.#waiting.size > 0) {
      if (this.#sender?.hasRoom) this.#wakeAll();
      else this.#sender?.awaitRate(); // a timer was a fraction early, or another connection's
    }
  }

  #announceOwed(): void {
    for (const [topic, { payload, retain }] of this.#owed) {
      if (!this.#sender?.announce(topic, payload, retain)) continue;
      this.#owed.delete(topic);
      if (!retain) this.#losses.announced(topic);
    }
  }

  /** Whether the broker has everything that it is meant to have. */
  get #isSettled(): boolean {
    return this.#sender?.isIdle === true && this.#owed.size === 0;
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }
}

function closedError(): Error {
  return new Error("Cannot publish: the publisher is closed");
}
