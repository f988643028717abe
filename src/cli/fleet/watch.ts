import { type Host, mqttOptions } from "../../app/mod.ts";
import type { Config } from "../../config/mod.ts";
import { brokerName, type ConnectionFailure, optionsPerBroker } from "../../mqtt/mod.ts";
import { MqttSubscriber, type SubscriptionState } from "../../mqtt/subscriber.ts";
import { shortDuration } from "../live/mod.ts";
import { Fleet, MOST_PACKET_BYTES } from "./fleet.ts";
import { type Survey, survey } from "./survey.ts";

/** What {@linkcode FleetWatch} needs from outside. */
export type WatchHost = Pick<Host, "clock" | "random" | "env" | "readFile">;

/** Listens to all scanners at the broker of a configuration. */
export class FleetWatch implements AsyncDisposable {
  readonly fleet: Fleet;
  /** The interval of scanners that do not tell theirs, in milliseconds. */
  readonly usualIntervalMs: number;
  readonly #subscriber: MqttSubscriber;
  readonly #filters: readonly string[];
  readonly #brokers: readonly string[];
  readonly #scheme: string;
  /** Since when there is no connection (monotonic). */
  #lostMs: number;

  /**
   * Prepares; {@linkcode start} begins.
   *
   * @param expected the scanners that should be there; null: whichever are
   */
  constructor(
    { status, stats, ...config }: Config,
    private readonly expected: ReadonlySet<string> | null,
    private readonly host: WatchHost,
  ) {
    const { clock, random, readFile } = host;
    const options = mqttOptions({ status, stats, ...config }, host, null);
    this.fleet = new Fleet({ status: status.topic_prefix, stats: stats.topic_prefix }, clock);
    this.#brokers = optionsPerBroker(options).map(brokerName);
    this.#scheme = options.tls === null ? "mqtt" : "mqtts";
    this.usualIntervalMs = stats.interval_s * 1000;
    this.#filters = [`${status.topic_prefix}/#`, `${stats.topic_prefix}/#`];
    this.#lostMs = clock.monotonicMs();
    const parts = {
      clock,
      random,
      readFile,
      message: this.fleet.take.bind(this.fleet),
      changed: (state: SubscriptionState) => this.#changed(state),
    };
    // With an identifier that is in use it would disconnect whoever uses it.
    const suffix = Math.floor(random() * 0x100_0000).toString(16).padStart(6, "0");
    this.#subscriber = new MqttSubscriber(
      { ...options, clientId: `${options.clientId}-fleet-${suffix}` },
      { filters: this.#filters, mostBytes: MOST_PACKET_BYTES },
      parts,
    );
  }

  /** The broker that is asked, as a person names it, or all that could be. */
  get broker(): string {
    const { connection } = this.fleet;
    return `${this.#scheme}://${connection.kind === "subscribed" ? connection.broker : this.#brokers.join(",")}`;
  }

  /** Connects, and never gives up. */
  start(): void {
    this.#subscriber.start();
  }

  /** How all scanners are, at this moment. */
  look(): Survey {
    const { fleet, expected, usualIntervalMs, host: { clock } } = this;
    const listeningMs = fleet.connection.kind === "subscribed" ? fleet.connection.sinceMs : null;
    const moment = { nowMs: clock.monotonicMs(), wallMs: clock.wallMs(), listeningMs, usualIntervalMs };
    return survey(fleet, moment, { expected, filters: this.#filters });
  }

  /** Why nothing arrives, and for how long; null: there is a connection. */
  disconnection(): string | null {
    const { connection } = this.fleet;
    if (connection.kind === "subscribed") return null;
    const forS = shortDuration(this.host.clock.monotonicMs() - this.#lostMs);
    return connection.kind === "connecting" ? `connecting for ${forS}` : `${failureText(connection.failure)} (${forS})`;
  }

  /** Disconnects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscriber[Symbol.asyncDispose]();
  }

  #changed(state: SubscriptionState): void {
    if (this.fleet.connection.kind === "subscribed") this.#lostMs = this.host.clock.monotonicMs();
    this.fleet.setConnection(state);
  }
}

/** Why a connection failed, and what to do. */
export function failureText({ message, remedy }: ConnectionFailure): string {
  return remedy === null ? message : `${message}; ${remedy}`;
}
