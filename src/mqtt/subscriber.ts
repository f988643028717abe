/** Subscribes to topics: a door of its own, for who publishes subscribes to nothing.
 *
 * @module
 */
import { timeLimit, untilAborted } from "../time/mod.ts";
import { Addresses } from "./addresses.ts";
import { checkBroker } from "./check.ts";
import { type Broker, BrokerConnection, type OpenConnection } from "./connection.ts";
import { ConnectionFailure } from "./failure.ts";
import { type NetworkConnection, openNetworkConnection } from "./network_connection.ts";
import { brokerName, type MqttOptions, optionsPerBroker } from "./options.ts";
import type { MqttParts } from "./parts.ts";
import { probeBroker } from "./probe.ts";
import { Skimmer } from "./skimmer.ts";

/** A message as it arrived. */
export interface ReceivedMessage {
  /** Where it was published. */
  readonly topic: string;
  /** What it holds; null: more than is read. */
  readonly payload: Uint8Array | null;
  /** Whether the broker had kept it, so that nobody knows how old it is; else it was published just now. */
  readonly isRetained: boolean;
}

/** What is known of the connection that a subscription needs. */
export type SubscriptionState =
  | { readonly kind: "connecting" }
  | {
    readonly kind: "subscribed";
    /** Which broker it is, as `host:port`. */
    readonly broker: string;
    /** Since when, by the monotonic clock. */
    readonly sinceMs: number;
    /** The filters that the broker refused; never all of them. */
    readonly refused: readonly string[];
  }
  | {
    readonly kind: "failed";
    /** Why there is no connection. */
    readonly failure: ConnectionFailure;
  };

/** What an {@linkcode MqttSubscriber} works with. */
export interface SubscriberParts extends Pick<MqttParts, "clock" | "random" | "readFile"> {
  /** Takes each message. */
  readonly message: (message: ReceivedMessage) => void;
  /** Hears of each change of the connection. */
  readonly changed: (state: SubscriptionState) => void;
}

/** What is subscribed to, and how much of a message is read. */
export interface Subscription {
  /** Topic filters, as in an access list. */
  readonly filters: readonly string[];
  /** The longest packet that is read, in bytes; of a longer one the topic alone is. */
  readonly mostBytes: number;
}

interface Subscribed extends OpenConnection {
  readonly broker: string;
  readonly refused: readonly string[];
}

/** Random identifiers are nobody else's, and nothing is published: losses say nothing but what they say. */
const NO_PATTERN = {
  warning: null,
  outlastedMs: 0,
  accepted: () => {},
  lost: ({ remedy }: ConnectionFailure) => remedy,
  clear: () => {},
} as const;

/** Subscribes with QoS 0, over a connection that it never gives up; messages that pass while there is none are lost. */
export class MqttSubscriber implements AsyncDisposable {
  readonly #connection: BrokerConnection<Subscribed>;
  readonly #ending = new AbortController();
  #running: Promise<void> | null = null;

  /**
   * Does nothing until {@linkcode MqttSubscriber.start} is called.
   *
   * @param options `clientId` has to be of this subscriber alone; neither will nor session are left at the broker
   */
  constructor(
    private readonly options: MqttOptions,
    private readonly subscription: Subscription,
    private readonly parts: SubscriberParts,
  ) {
    const { reconnect, returnsToFirst } = options;
    const { clock, random, changed } = parts;
    this.#connection = new BrokerConnection<Subscribed>({
      brokers: optionsPerBroker(options).map((each) => this.#broker(each)),
      returnsToFirst,
      online: ({ broker, refused }) => changed({ kind: "subscribed", broker, sinceMs: clock.monotonicMs(), refused }),
      leave: () => Promise.resolve(),
      offline: () => {},
      policy: reconnect,
      clock,
      random,
      log: {
        online: () => {},
        failed: (_event, _where, failure) => changed({ kind: "failed", failure }),
        leaving: () => {},
        cannotReturn: () => {},
        run: () => Promise.resolve(),
      },
      losses: NO_PATTERN,
      changed: () => {},
      warned: () => {},
    });
  }

  /** Starts connecting, and never gives up. */
  start(): void {
    this.#running ??= this.#connection.run(() => true, this.#ending.signal);
  }

  /** Disconnects; takes half a second at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  #broker(options: MqttOptions): Broker<Subscribed> {
    const { host, port, tls, clientId } = options;
    const { clock } = this.parts;
    const checking = { ...options, clientId: `${clientId}-probe`, cleanSession: true };
    const addresses = new Addresses(clock);
    return {
      name: brokerName(options),
      where: { host, port, tls: tls !== null },
      open: (_isHasty, signal) => this.#open(options, addresses, signal),
      probe: (signal) => probeBroker(host, port, clock, signal),
      check: (signal) => checkBroker(checking, this.parts, signal),
    };
  }

  async #open(broker: MqttOptions, addresses: Addresses, signal: AbortSignal): Promise<Subscribed> {
    const { parts: { message }, subscription: { mostBytes } } = this;
    const skimmer = new Skimmer(mostBytes, (topic) => message({ topic, payload: null, isRetained: false }));
    const options = { ...broker, will: null, cleanSession: true };
    const network = await openNetworkConnection(options, this.parts, signal, 0, addresses, skimmer);
    network.client.on("message", (topic, payload, { retain }) => message({ topic, payload, isRetained: retain }));
    try {
      const refused = await this.#subscribe(network, signal);
      const { address, lost } = network;
      return { broker: brokerName(broker), address, lost, refused, close: (graceful) => network.close(graceful) };
    } catch (error) {
      await network.close(false);
      throw error;
    }
  }

  /** Resolves to the filters that were refused. */
  async #subscribe({ client, lost }: NetworkConnection, signal: AbortSignal): Promise<string[]> {
    const { parts: { clock }, options: { connectTimeoutMs }, subscription: { filters } } = this;
    using limit = timeLimit(clock, connectTimeoutMs, { signal, reason: () => unanswered(filters, connectTimeoutMs) });
    const answered = new Promise<readonly unknown[]>((resolve) => {
      client.subscribe([...filters], { qos: 0 }, (_error, _subscriptions, packet) => {
        if (packet !== undefined) resolve(packet.granted);
      });
    });
    const closed = lost.then((failure) => Promise.reject(closedOn(filters, failure)));
    const granted = await untilAborted(Promise.race([answered, closed]), limit.signal);
    const refused = filters.filter((_filter, i) => (Number(granted[i]) & 0x80) !== 0);
    if (refused.length < filters.length) return refused;
    throw new ConnectionFailure("rejected", `the broker refuses the subscription to ${list(filters)}`, allow(filters));
  }
}

/** What to do where a broker refuses to let a client read. */
export function allow(filters: readonly string[]): string {
  return `allow this user to read ${list(filters)} in the broker's access list`;
}

function unanswered(filters: readonly string[], timeoutMs: number): ConnectionFailure {
  const reason = `the broker did not answer the subscription to ${list(filters)} within ${timeoutMs / 1000} s`;
  return new ConnectionFailure("unresponsive", reason, "check the broker; it may be frozen");
}

/** MQTT 3.1.1 has a way to refuse a subscription, and some brokers close instead. */
function closedOn(filters: readonly string[], { message, cause }: ConnectionFailure): ConnectionFailure {
  const reason = `${message} instead of answering the subscription to ${list(filters)}`;
  return new ConnectionFailure("dropped", reason, `if this happens again: ${allow(filters)}`, { cause });
}

function list(filters: readonly string[]): string {
  return filters.join(" and ");
}
