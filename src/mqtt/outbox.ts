import type { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import type { IClientPublishOptions, MqttClient, Packet } from "mqtt";
import type { PublishOutcome, Settled } from "../agent/mod.ts";
import type { MqttOptions } from "./options.ts";
import { PublishBuffer } from "./publish_buffer.ts";

/** Bytes that may wait for the socket: 0.7 s of 5,000 messages a second, then the broker is too slow. */
const MAX_WAITING_BYTES = 1_048_576;
/** Announcements that may wait for their acknowledgement; the status changes seldom. */
const MAX_ANNOUNCEMENTS = 16;

const QOS_1: IClientPublishOptions = { qos: 1 };
const QOS_1_RETAINED: IClientPublishOptions = { qos: 1, retain: true };

/**
 * Publishes over one connection, within bounds, and settles every message it accepted exactly once.
 * It ends with its connection.
 *
 * QoS 1 goes through mqtt.js. QoS 0 goes straight to the socket in one piece per turn of the event
 * loop: faster, and the socket says when the bytes were written, which mqtt.js does not.
 */
export class Outbox {
  readonly #buffer = new PublishBuffer();
  /** QoS 0: what is in the buffer, and what was handed to the socket, a batch for each write. */
  #buffered: Settled[] = [];
  readonly #writing: Settled[][] = [];
  /** QoS 1: what waits for PUBACK, by packet identifier. */
  readonly #unacknowledged = new Map<number, Settled>();
  readonly #announcements = new Set<number>();
  #isGathering = false;
  #failed = false;

  /** @param onRoom called when something was settled, so that there may be room again */
  constructor(
    private readonly client: MqttClient,
    private readonly stream: Duplex,
    private readonly options: Pick<MqttOptions, "qos" | "maxInFlight">,
    private readonly onRoom: () => void,
  ) {}

  /** Whether {@linkcode publish} would accept a message. */
  get hasRoom(): boolean {
    const unacknowledged = this.#unacknowledged.size - this.#announcements.size;
    return !this.#failed && unacknowledged < this.options.maxInFlight && this.#streamHasRoom;
  }

  /** Whether everything that was accepted, announcements too, is settled. */
  get isIdle(): boolean {
    return this.#unacknowledged.size === 0 && this.#buffered.length === 0 && this.#writing.length === 0;
  }

  publish(topic: string, payload: string, settled: Settled): PublishOutcome {
    if (this.#failed) return "offline";
    if (!this.hasRoom) return "backpressure";
    if (this.options.qos === 0) this.#write(topic, payload, settled);
    else this.#send(topic, payload, QOS_1, settled);
    return "accepted";
  }

  /** Publishes besides the messages: what is retained with QoS 1, the rest with QoS 0. False: no room. */
  announce(topic: string, payload: string, retain: boolean): boolean {
    if (this.#failed || !this.#streamHasRoom || this.#announcements.size >= MAX_ANNOUNCEMENTS) return false;
    if (retain) this.#announcements.add(this.#send(topic, payload, QOS_1_RETAINED, ignore));
    else this.#write(topic, payload, ignore);
    return true;
  }

  /** Settles everything that is left as lost, because of `error`. */
  fail(error: Error): void {
    this.#failed = true;
    const lost = [...this.#writing.splice(0).flat(), ...this.#buffered.splice(0), ...this.#unacknowledged.values()];
    this.#unacknowledged.clear();
    this.#announcements.clear();
    for (const settled of lost) settled(error);
  }

  /** A broker that stops reading leaves its bytes here: looked at before each publish. */
  get #streamHasRoom(): boolean {
    return this.stream.writableLength + this.#buffer.byteLength < MAX_WAITING_BYTES;
  }

  #send(topic: string, payload: string, options: IClientPublishOptions, settled: Settled): number {
    this.#writeBuffered(); // whatever was published before goes first
    this.#gather();
    this.client.publish(topic, payload, options, this.#acknowledged);
    const id = this.client.getLastMessageId();
    this.#unacknowledged.set(id, settled);
    return id;
  }

  // One function for all messages: the packet tells which one it is. Where the connection ended
  // there is no packet, and `fail` settles.
  readonly #acknowledged = (_error?: Error, packet?: Packet): void => {
    const id = packet?.messageId;
    const settled = id === undefined ? undefined : this.#unacknowledged.get(id);
    if (id === undefined || settled === undefined) return;
    this.#unacknowledged.delete(id);
    this.#announcements.delete(id);
    settled(null);
    this.onRoom();
  };

  #write(topic: string, payload: string, settled: Settled): void {
    this.#gather();
    this.#buffer.append(topic, payload);
    this.#buffered.push(settled);
  }

  /** Makes one write of all that this turn of the event loop publishes: half as many again a second at QoS 1. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.stream.cork();
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isGathering = false;
    this.#writeBuffered();
    this.stream.uncork();
  };

  #writeBuffered(): void {
    if (this.#buffered.length === 0) return;
    const batch = this.#buffered;
    this.#buffered = [];
    this.#writing.push(batch);
    this.stream.write(this.#buffer.take(), (error) => {
      // After a failure `fail` settles, or has settled.
      if (error || this.#failed) return;
      this.#writing.shift();
      for (const settled of batch) settled(null);
      this.onRoom();
    });
  }
}

function ignore(): void {}
