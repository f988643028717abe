import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type IClientOptions, MqttClient } from "mqtt";
import { type Clock, untilAborted } from "../time/mod.ts";
import { ConnectionFailure, explain, type Progress } from "./failure.ts";
import { boundIntake, NO_STORE } from "./intake.ts";
import type { MqttOptions } from "./options.ts";
import { probeBroker } from "./probe.ts";
import { type SilenceParts, untilSilent } from "./silence.ts";
import { type Credentials, openStream, readCredentials, type ReadFile } from "./stream.ts";

/** How long the goodbye may take. */
const DISCONNECT_TIMEOUT_MS = 500;

const CHECK = "check the broker; this side subscribes to nothing";

/** What a connection works with. */
export interface LinkParts {
  readonly clock: Clock;
  readonly readFile: ReadFile;
}

/**
 * Connects once and waits for CONNACK. The client of mqtt.js lives as long as this one connection:
 * its own reconnecting waits a fixed time, and stands still for ever after some keepalive time-outs.
 *
 * @throws {ConnectionFailure} where the broker cannot be reached or refuses
 * @throws the signal's reason, as soon as it aborts
 */
export async function openLink(options: MqttOptions, parts: LinkParts, signal: AbortSignal): Promise<Link> {
  const credentials = await readInTime(options, parts, signal);
  const link = new Link(options, credentials, parts.clock);
  try {
    await untilAborted(link.accepted, signal);
    return link;
  } catch (error) {
    await link.close(false);
    throw error;
  }
}

/** A file may be on a drive that has gone, or be a pipe that nobody writes to. */
async function readInTime(
  options: MqttOptions,
  { clock, readFile }: LinkParts,
  signal: AbortSignal,
): Promise<Credentials> {
  const done = new AbortController();
  const late = clock.sleep(options.connectTimeoutMs, AbortSignal.any([signal, done.signal])).then(() => {
    const reason = `reading password and certificates takes more than ${options.connectTimeoutMs / 1000} s`;
    throw new ConnectionFailure("unfit", reason, "check the files that mqtt.broker names, and the drive they are on");
  });
  try {
    return await Promise.race([readCredentials(options, readFile), late]);
  } finally {
    done.abort();
  }
}

/** One connection, from its first packet to its end. */
export class Link {
  readonly client: MqttClient;
  readonly stream: Socket;
  /** Resolves at CONNACK; rejects with a {@linkcode ConnectionFailure}. */
  readonly accepted: Promise<void>;
  /** Resolves when the connection has ended, with the reason. */
  readonly lost: Promise<ConnectionFailure>;
  readonly #closed: Promise<void>;
  readonly #watching = new AbortController();
  #stage: Progress["stage"] = "connecting";
  #end: (failure: ConnectionFailure) => void = () => {};

  constructor(private readonly options: MqttOptions, { password, tls }: Credentials, private readonly clock: Clock) {
    this.stream = openStream(options, tls);
    this.lost = new Promise((resolve) => this.#end = resolve);
    this.#closed = new Promise((resolve) => this.stream.once("close", () => resolve()));
    this.stream.once("connect", () => this.#stage = "tcp");
    // mqtt.js passes on only errors that have a code.
    this.stream.on("error", (error) => this.#ended(error));
    this.client = new MqttClient(() => this.stream, clientOptions(options, password));
    // Never taken off: an error without a listener ends the process.
    this.client.on("error", (error) => this.#ended(error));
    this.client.on("close", () => this.#ended(null));
    boundIntake(this.client, this.stream, (reason) => this.#ended(new ConnectionFailure("rejected", reason, CHECK)));
    this.accepted = new Promise((resolve, reject) => {
      this.client.once("connect", () => {
        this.#stage = "accepted";
        resolve();
        if (options.keepAliveS > 0) this.#watch();
      });
      this.lost.then(reject);
    });
  }

  /** The address that its host's name led to; null: not yet, or no more. */
  get address(): string | null {
    return this.stream.remoteAddress ?? null;
  }

  /** Ends the connection, with a DISCONNECT where it is to be `graceful`. Always within half a second. */
  async close(graceful: boolean): Promise<void> {
    if (graceful && this.#stage === "accepted") {
      this.client.end();
      const done = new AbortController();
      await Promise.race([this.#closed, this.clock.sleep(DISCONNECT_TIMEOUT_MS, done.signal).catch(() => {})]);
      done.abort();
    }
    // Not `end(true)`: after an `end` that hangs it does nothing. mqtt.js stops its timers when the stream closes.
    this.stream.destroy();
    await this.#closed;
  }

  /** Ends the connection when the broker's host has gone without a word, long before the keepalive time. */
  #watch(): void {
    const { stream, client, clock, options: { host, port } } = this;
    // The address of this connection: its name may mean another host by now.
    const address = stream.remoteAddress ?? host;
    const parts: SilenceParts = {
      received: () => stream.bytesRead,
      sent: () => stream.bytesWritten,
      ping: () => client.sendPing(),
      reaches: (signal) => probeBroker(address, port, clock, signal),
    };
    untilSilent(parts, clock, this.#watching.signal).then(
      () => this.#ended(new ConnectionFailure("unreachable", "nothing heard from the broker, and no way to it", null)),
      () => {}, // it ended otherwise
    );
  }

  #ended(error: Error | null): void {
    this.#watching.abort();
    // A CONNACK that mqtt.js still has in its queue would start its keepalive timer on a closed connection.
    this.client.options.keepalive = 0;
    const { connectTimeoutMs, keepAliveS } = this.options;
    this.#end(explain(error, { stage: this.#stage, offer: this.options, connectTimeoutMs, keepAliveS }));
  }
}

/** How mqtt.js is to behave. */
export function clientOptions(options: MqttOptions, password: Credentials["password"]): IClientOptions {
  const { clientId, cleanSession, keepAliveS, connectTimeoutMs, username, will } = options;
  return {
    clientId,
    clean: cleanSession,
    keepalive: keepAliveS,
    connectTimeout: connectTimeoutMs,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(will === null ? {} : { will: { ...will, payload: Buffer.from(will.payload), qos: 1 } }),
    reconnectPeriod: 0,
    queueQoSZero: false,
    incomingStore: NO_STORE,
    outgoingStore: NO_STORE,
    resubscribe: false,
    // A new timer for each PUBACK takes a fifth of the time of QoS 1; the answer to a ping suffices.
    reschedulePings: false,
    // 65,536 buffers of two bytes otherwise, 7 MB.
    writeCache: false,
    // Asking for each packet whether to log it takes time, too.
    log: () => {},
  };
}
