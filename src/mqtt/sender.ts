import type { Duplex } from "node:stream";
import type { MqttClient, Packet } from "mqtt";
import { MessageDropped, type PublishOutcome, type Settled } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Backlog, type Batch } from "./backlog.ts";
import type { ConnectionFailure } from "./failure.ts";
import type { MqttOptions } from "./options.ts";
import { untilPassedOver } from "./overdue.ts";
import type { Pulse } from "./pulse.ts";
import type { RateLimit } from "./rate_limit.ts";

/** Bytes that may wait for the socket: 0.7 s at 5,000 messages a second; beyond that the broker is too slow. */
const MAX_WAITING_BYTES = 1_048_576;
/** Bytes that are handed to the socket before it has taken the previous ones. */
const MAX_HANDED_BYTES = 65_536;
/** Announcements that may await acknowledgement; the status seldom changes. */
const MAX_ANNOUNCEMENTS = 16;
/** The rest of a message's maximum age is for the way to the broker. */
const WAITING_SHARE = 0.75;

/** What an {@linkcode Sender} works with. */
export interface SenderParts {
  readonly client: MqttClient;
  readonly socket: Duplex;
  /** What the broker takes in a second; null: no matter how much. */
  readonly limit: RateLimit | null;
  /** null: what is in flight is not limited. */
  readonly pulse: Pulse | null;
  readonly clock: Clock;
  /** Called when something was settled, so that there may be room again. */
  readonly onRoom: () => void;
  /** Called when a new connection should be made. */
  readonly onBroken: (failure: ConnectionFailure) => void;
}

/**
 * Publishes over one connection, within bounds, and settles every message that it accepts exactly once. It ends with
 * its connection.
 *
 * mqtt.js connects, keeps alive and reads; what is published bypasses it and goes to the socket in one piece as
 * soon as what is running now has returned. That takes about half the time (QoS 0: 3.4 µs a message instead of 6.3, QoS 1: 6.4 instead of
 * 14), nothing piles up in mqtt.js' own queues, and the socket says when QoS 0 messages have been written, which
 * mqtt.js does not.
 *
 * No more is handed over than the connection can carry at the moment: the rest waits here, where what gets too old can
 * be dropped in favour of what is fresh.
 */
export class Sender {
  readonly #backlog: Backlog;
  readonly #acknowledgements: Acknowledgements;
  readonly #ending = new AbortController();
  readonly #writing: Batch[] = [];
  #isFlushing = false;
  #isAwaitingRate = false;

  constructor(
    private readonly parts: SenderParts,
    private readonly options: Pick<MqttOptions, "qos" | "maxInFlight" | "ackTimeoutMs" | "maxAgeMs">,
  ) {
    this.#backlog = new Backlog(parts.clock);
    this.#acknowledgements = new Acknowledgements(options.ackTimeoutMs);
    parts.client.on("packetreceive", (packet) => this.#received(packet));
    const { clock, client, pulse, onRoom, onBroken } = parts;
    const waiting = {
      acknowledgements: this.#acknowledgements,
      answeredMs: () => pulse?.answeredMs ?? -Infinity,
      ping: () => pulse?.isPinging === false && client.sendPing(),
      expired: onRoom,
    };
    untilPassedOver(waiting, clock, this.#ending.signal).then(onBroken, () => {}); // or it has ended
  }

  /** Whether {@linkcode publish} would accept a message. */
  get hasRoom(): boolean {
    const { counted, uncounted, freeIds } = this.#acknowledgements;
    return !this.#failed && this.#rateWaitMs === 0 && counted < this.options.maxInFlight &&
      freeIds + uncounted > MAX_ANNOUNCEMENTS &&
      this.#waitingBytes < MAX_WAITING_BYTES;
  }

  /** Whether everything that was accepted, including announcements, is settled. */
  get isIdle(): boolean {
    const { counted, uncounted } = this.#acknowledgements;
    return counted + uncounted === 0 && this.#backlog.byteLength === 0 && this.#writing.length === 0;
  }

  publish(topic: string, payload: string, settled: Settled): PublishOutcome {
    if (this.#failed) return "offline";
    if (this.awaitRate()) return "rate_limited";
    if (!this.hasRoom) {
      this.#dropOld();
      if (!this.hasRoom) return "backpressure";
    }
    this.#countRate();
    if (this.options.qos === 0) this.#writeOnce(topic, payload, settled);
    else this.#writeUntilAcknowledged(topic, payload, false, settled);
    return "accepted";
  }

  /** Publishes besides the messages: retained with QoS 1, otherwise with QoS 0. False: no room. */
  announce(topic: string, payload: string, retain: boolean): boolean {
    const { uncounted, freeIds } = this.#acknowledgements;
    const hasRoom = this.#waitingBytes < MAX_WAITING_BYTES && uncounted < MAX_ANNOUNCEMENTS && freeIds > 0;
    if (this.#failed || !hasRoom || this.awaitRate()) return false;
    this.#countRate();
    // In a batch of its own: anything in the same batch would be kept too, which on a slow link is more than it carries.
    this.#backlog.close();
    this.#backlog.open().isKept = true;
    if (retain) this.#writeUntilAcknowledged(topic, payload, true, ignore);
    else this.#writeOnce(topic, payload, ignore);
    this.#backlog.close();
    return true;
  }

  /** Has {@linkcode SenderParts.onRoom} called when one more message may be sent; false: it may be now. */
  awaitRate(): boolean {
    const waitMs = this.#rateWaitMs;
    if (waitMs === 0) return false;
    if (!this.#isAwaitingRate) {
      this.#isAwaitingRate = true;
      this.parts.clock.sleep(waitMs, this.#ending.signal).then(() => {
        this.#isAwaitingRate = false;
        this.parts.onRoom();
      }, () => {}); // or it has ended
    }
    return true;
  }

  /** Settles everything that is left as lost, because of `error`. */
  fail(error: Error): void {
    this.#ending.abort();
    const lost = this.#writing.splice(0).flatMap(({ settled }) => settled);
    for (let batch = this.#backlog.take(); batch !== undefined; batch = this.#backlog.take()) {
      lost.push(...batch.settled);
    }
    lost.push(...this.#acknowledgements.clear());
    for (const settled of lost) settled(error);
  }

  /** Most connections have no limit, and need not ask the clock. */
  get #rateWaitMs(): number {
    const { limit, clock } = this.parts;
    return limit === null ? 0 : limit.waitMs(clock.monotonicMs());
  }

  #countRate(): void {
    this.parts.limit?.sent(this.parts.clock.monotonicMs());
  }

  get #failed(): boolean {
    return this.#ending.signal.aborted;
  }

  get #waitingBytes(): number {
    return this.parts.socket.writableLength + this.#backlog.byteLength;
  }

  #writeOnce(topic: string, payload: string, settled: Settled): void {
    this.#backlog.open().settled.push(settled);
    this.#backlog.append(topic, payload, { id: null, retain: false });
    this.#flushSoon();
  }

  /** QoS 1. */
  #writeUntilAcknowledged(topic: string, payload: string, retain: boolean, settled: Settled): void {
    const batch = this.#backlog.open();
    const id = this.#acknowledgements.expect(settled, batch, !retain);
    batch.ids.push(id);
    this.#backlog.append(topic, payload, { id, retain });
    this.#flushSoon();
  }

  #received(packet: Packet): void {
    if (packet.cmd === "pingresp") return this.#pump();
    if (packet.cmd !== "puback" || packet.messageId === undefined) return;
    this.#acknowledgements.received(packet.messageId);
    this.parts.onRoom();
  }

  /** As soon as what is running now has returned: it may publish more. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushing = false;
    this.#pump();
  };

  /** Writes what the connection has room for. */
  #pump(): void {
    const { client, socket, pulse } = this.parts;
    if (this.#failed) return;
    this.#dropOld();
    while (socket.writableLength < MAX_HANDED_BYTES && (pulse?.fits(this.#backlog.nextBytes) ?? true)) {
      const batch = this.#backlog.take();
      if (batch === undefined) break;
      this.#write(batch);
      if (batch.isKept) this.#dropOld(); // those behind it
    }
    if (pulse?.isDue(this.#backlog.nextBytes)) client.sendPing();
  }

  #write(batch: Batch): void {
    batch.writtenMs = this.parts.clock.monotonicMs();
    this.#writing.push(batch);
    this.parts.pulse?.wrote(batch.bytes.length);
    this.parts.socket.write(batch.bytes, (error) => {
      // After a failure, `fail` settles or has settled them.
      if (error || this.#failed) return;
      this.#writing.shift();
      for (const settled of batch.settled) settled(null);
      this.#pump();
      this.parts.onRoom();
    });
  }

  /** Drops what has waited so long that it would be too old on arrival. */
  #dropOld(): void {
    const maxWaitMs = WAITING_SHARE * this.options.maxAgeMs;
    const sinceMs = this.parts.clock.monotonicMs() - maxWaitMs;
    let error: MessageDropped | null = null;
    for (let old = this.#backlog.takeOlder(sinceMs); old !== undefined; old = this.#backlog.takeOlder(sinceMs)) {
      error ??= new MessageDropped("backpressure", `waited for more than ${maxWaitMs / 1000} s`);
      for (const settled of old.settled) settled(error);
      for (const id of old.ids) this.#acknowledgements.dropped(id, error);
    }
    if (error !== null) this.parts.onRoom();
  }
}

function ignore(): void {}
