import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type IClientOptions, MqttClient } from "mqtt";
import { type Clock, timeLimit, untilAborted } from "../time/mod.ts";
import { Addresses } from "./addresses.ts";
import { Attempt } from "./attempt.ts";
import { type CredentialParts, type Credentials, readCredentials } from "./credential_files.ts";
import { ConnectionFailure, explain, type Progress } from "./failure.ts";
import { limitInbound, NO_STORE } from "./inbound_limits.ts";
import type { MqttOptions } from "./options.ts";
import { probeBroker } from "./probe.ts";
import { Pulse } from "./pulse.ts";
import { type PeerParts, untilVanished } from "./vanished_broker.ts";
import { skim, type Skimmer } from "./skimmer.ts";
import { openSocket } from "./socket.ts";

/** The share of a message's maximum age that it may spend in queues on the way; it may spend the rest waiting here. */
const QUEUEING_SHARE = 0.25;
/** What a probe may take in addition to the time for an answer. */
const PROBE_MS = 500;
/** mqtt.js' own time limit for an attempt knows nothing of slow networks. */
const NEVER_MS = 2 ** 31 - 1;
/** How long the goodbye may take. */
const DISCONNECT_TIMEOUT_MS = 500;

const CHECK = "check the broker; bt-scanner asks for nothing of that kind";

/**
 * Connects once and waits for CONNACK. The client of mqtt.js lives as long as this one connection: its own reconnecting
 * waits a fixed time, and after some keepalive timeouts stops for good.
 *
 * @param roundTripMs the round trip measured on the last connection: a slow network is given more time
 * @param addresses what is known of the addresses that the broker's name has
 * @param skimmer stands between the socket and mqtt.js; null: nothing does
 * @throws {ConnectionFailure} if the broker cannot be reached or refuses
 * @throws the signal's reason, as soon as it aborts
 */
export async function openNetworkConnection(
  options: MqttOptions,
  parts: CredentialParts,
  signal: AbortSignal,
  roundTripMs = 0,
  addresses: Addresses = new Addresses(parts.clock),
  skimmer: Skimmer | null = null,
): Promise<NetworkConnection> {
  const credentials = await readCredentials(options, parts, signal);
  const attempt = new Attempt(parts.clock, options.connectTimeoutMs, roundTripMs);
  const connection = new NetworkConnection(options, credentials, parts.clock, attempt, addresses, skimmer);
  try {
    await untilAborted(connection.accepted, signal);
    return connection;
  } catch (error) {
    await connection.close(false);
    throw error;
  }
}

/** One connection, from its first packet to its end. */
export class NetworkConnection {
  readonly client: MqttClient;
  readonly socket: Socket;
  /** Resolves at CONNACK; rejects with a {@linkcode ConnectionFailure}. */
  readonly accepted: Promise<void>;
  /** Resolves when the connection has ended, with the reason. */
  readonly lost: Promise<ConnectionFailure>;
  readonly #closed: Promise<void>;
  readonly #watching = new AbortController();
  #pulse: Pulse | null = null;
  #hasVanished = false;
  /** The address that accepted; null: none did. */
  #address: string | null = null;
  #stage: Progress["stage"] = "connecting";
  #end: (failure: ConnectionFailure) => void = () => {};

  constructor(
    readonly options: MqttOptions,
    readonly credentials: Credentials,
    private readonly clock: Clock,
    private readonly attempt: Attempt,
    private readonly addresses: Addresses,
    skimmer: Skimmer | null,
  ) {
    const { password, tls } = credentials;
    this.socket = openSocket(options, tls, addresses);
    this.lost = new Promise((resolve) => this.#end = resolve);
    this.#closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    this.socket.once("connect", () => {
      this.#stage = "tcp";
      this.#address = this.address;
      attempt.connected();
    });
    this.socket.once("secureConnect", () => this.#stage = "tls");
    attempt.late().then(() => this.#ended(new Error("connack timeout")), () => {});
    // mqtt.js passes on only errors that have a code.
    this.socket.on("error", (error) => this.#ended(error));
    if (skimmer !== null) skim(this.socket, skimmer);
    this.client = new MqttClient(() => this.socket, clientOptions(options, password));
    // Never taken off: an error without a listener ends the process.
    this.client.on("error", (error) => this.#ended(error));
    this.client.on("close", () => this.#ended(null));
    const overrun = (reason: string) => this.#ended(new ConnectionFailure("rejected", reason, CHECK));
    limitInbound(this.client, this.socket, overrun, skimmer ?? this.socket);
    this.accepted = new Promise((resolve, reject) => {
      this.client.once("connect", () => {
        this.#stage = "accepted";
        attempt.accepted();
        if (options.keepAliveS > 0) this.#watch(this.#feelPulse());
        resolve();
      });
      this.lost.then(reject);
    });
  }

  /** The address that the host name resolved to; null: not yet, or no longer connected. */
  get address(): string | null {
    return this.socket.remoteAddress ?? null;
  }

  /** Ends the connection, with a DISCONNECT if `graceful`. Always within half a second. */
  async close(graceful: boolean): Promise<void> {
    if (graceful && this.#stage === "accepted") {
      this.client.end();
      using limit = timeLimit(this.clock, DISCONNECT_TIMEOUT_MS);
      await untilAborted(this.#closed, limit.signal).catch(() => {});
    }
    // Not `end(true)`: after an `end` that hangs it does nothing. mqtt.js stops its timers when the stream closes.
    this.socket.destroy();
    await this.#closed;
  }

  /** How fast it is; null: unknown, because pings are off. */
  get pulse(): Pulse | null {
    return this.#pulse;
  }

  /** What the next connection should expect: how long answers take, or how long one was waited for in vain. */
  get roundTripMs(): number {
    if (this.#pulse === null) return 0;
    return this.#hasVanished ? this.#pulse.patienceMs : this.#pulse.roundTripMs;
  }

  /** Gives up the connection because of `failure`. */
  abandon(failure: ConnectionFailure): void {
    this.#ended(failure);
  }

  #feelPulse(): Pulse {
    const pulse = new Pulse(this.clock, QUEUEING_SHARE * this.options.maxAgeMs, this.attempt.shortestMs);
    this.client.on("packetsend", ({ cmd }) => {
      if (cmd === "pingreq") pulse.pinged();
    });
    this.client.on("packetreceive", ({ cmd }) => {
      if (cmd === "pingresp") pulse.answered();
    });
    return this.#pulse = pulse;
  }

  /** Ends the connection when the broker's host has vanished silently, long before the keepalive time. */
  #watch(pulse: Pulse): void {
    const { socket, client, clock, options: { host, port } } = this;
    // This connection's address: the name may resolve to another host by now.
    const address = socket.remoteAddress ?? host;
    const parts: PeerParts = {
      received: () => socket.bytesRead,
      sent: () => socket.bytesWritten,
      patienceMs: () => pulse.patienceMs,
      ping: () => pulse.isPinging || client.sendPing(),
      reaches: (signal) => probeBroker(address, port, clock, signal, PROBE_MS + pulse.patienceMs),
    };
    const vanished = () => {
      this.#hasVanished = true;
      this.#ended(
        new ConnectionFailure("unreachable", "nothing heard from the broker, and it cannot be reached", null),
      );
    };
    untilVanished(parts, clock, this.#watching.signal).then(vanished, () => {}); // or it ended otherwise
  }

  #ended(error: Error | null): void {
    this.#watching.abort();
    this.attempt.end();
    if (this.#address !== null) this.addresses.failed(this.#address);
    // A CONNACK that mqtt.js still has in its queue would start its keepalive timer on a closed connection.
    this.client.options.keepalive = 0;
    const { options, attempt } = this;
    const connectTimeoutMs = Math.round(attempt.limitMs / 100) * 100;
    const { keepAliveS } = options;
    this.#end(explain(error, { stage: this.#stage, offer: options, connectTimeoutMs, keepAliveS }));
  }
}

/** How mqtt.js is to behave. */
export function clientOptions(options: MqttOptions, password: Credentials["password"]): IClientOptions {
  const { clientId, cleanSession, keepAliveS, username, will } = options;
  return {
    clientId,
    clean: cleanSession,
    keepalive: keepAliveS,
    connectTimeout: NEVER_MS,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(will === null ? {} : { will: { ...will, payload: Buffer.from(will.payload), qos: 1 } }),
    reconnectPeriod: 0,
    queueQoSZero: false,
    incomingStore: NO_STORE,
    outgoingStore: NO_STORE,
    resubscribe: false,
    // A new timer for each PUBACK would take a fifth of the time of QoS 1; the answer to a ping is enough.
    reschedulePings: false,
    // Otherwise 65,536 buffers of two bytes, 7 MB.
    writeCache: false,
    // Checking for each packet whether to log it takes time, too.
    log: () => {},
  };
}
