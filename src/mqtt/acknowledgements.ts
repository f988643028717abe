import { UniqueMessageIdProvider } from "mqtt";
import { MessageDropped, type Settled } from "../agent/mod.ts";

/** Packet identifiers that a connection has. */
const IDS = 65_535;

/** Bytes that are written in one piece. */
export interface Piece {
  /** When they were handed over, by the monotonic clock; null: they wait. */
  writtenMs: number | null;
}

interface Pending {
  readonly settled: Settled;
  readonly piece: Piece;
  readonly isCounted: boolean;
}

/**
 * What waits for PUBACK, by packet identifier. Each message is settled once; an identifier whose PUBACK did not come
 * is not used again on this connection, so that a late one cannot settle another message.
 *
 * @see MQTT 3.1.1, 2.3.1 (packet identifier), 4.4 (no PUBLISH is sent again while connected)
 */
export class Acknowledgements {
  readonly #ids = new UniqueMessageIdProvider();
  /** In the order in which they are sent. */
  readonly #pending = new Map<number, Pending>();
  /** When those were sent whose PUBACK did not come in time. */
  readonly #overdue = new Map<number, number>();
  #counted = 0;
  #answeredMs = -Infinity;

  /** @param timeoutMs how long a PUBACK may take */
  constructor(readonly timeoutMs: number) {}

  /** How many are awaited of those that count. */
  get counted(): number {
    return this.#counted;
  }

  /** How many are awaited of those that do not. */
  get uncounted(): number {
    return this.#pending.size - this.#counted;
  }

  /** Identifiers that are neither in use nor overdue. */
  get freeIds(): number {
    return IDS - this.#pending.size - this.#overdue.size;
  }

  /** Awaits the PUBACK of a message that will be written with `piece`; returns its packet identifier. */
  expect(settled: Settled, piece: Piece, isCounted: boolean): number {
    const id = this.#ids.allocate();
    this.#pending.set(id, { settled, piece, isCounted });
    if (isCounted) this.#counted++;
    return id;
  }

  /** A PUBACK has come. */
  received(id: number): void {
    if (this.#overdue.delete(id)) return this.#ids.deallocate(id);
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#answeredMs = Math.max(this.#answeredMs, pending.piece.writtenMs ?? -Infinity);
    this.#ids.deallocate(id);
    this.#take(id, pending).settled(null);
  }

  /** A message was never written; it is settled as dropped. */
  dropped(id: number, error: MessageDropped): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#ids.deallocate(id);
    this.#take(id, pending).settled(error);
  }

  /** Settles what was sent too long ago. Returns how many they are. */
  expire(nowMs: number): number {
    let expired = 0;
    let error: MessageDropped | null = null;
    for (const [id, pending] of this.#pending) {
      const { piece: { writtenMs }, isCounted } = pending;
      if (writtenMs === null || writtenMs + this.timeoutMs > nowMs) break;
      error ??= new MessageDropped("unacknowledged", `no PUBACK within ${this.timeoutMs / 1000} s`);
      this.#overdue.set(id, isCounted ? writtenMs : Infinity);
      this.#take(id, pending).settled(error);
      expired++;
    }
    return expired;
  }

  /** How long until the next one may expire. */
  dueInMs(nowMs: number): number {
    for (const { piece: { writtenMs } } of this.#pending.values()) {
      return writtenMs === null ? this.timeoutMs : Math.max(0, writtenMs + this.timeoutMs - nowMs);
    }
    return this.timeoutMs;
  }

  /**
   * How many messages are overdue though the broker has answered something that was sent later, a message or, at
   * `answeredMs`, a ping. All that are overdue, where these hold too many identifiers.
   */
  passedOver(answeredMs: number): number {
    if (this.#overdue.size > IDS / 2) return this.#overdue.size;
    const lastMs = Math.max(answeredMs, this.#answeredMs);
    let count = 0;
    for (const sentMs of this.#overdue.values()) if (sentMs < lastMs) count++;
    return count;
  }

  /** Whether anything is overdue. */
  get isOverdue(): boolean {
    return this.#overdue.size > 0;
  }

  /** Forgets everything; returns what was awaited. */
  clear(): Settled[] {
    const left = Array.from(this.#pending.values(), ({ settled }) => settled);
    this.#pending.clear();
    this.#overdue.clear();
    this.#counted = 0;
    return left;
  }

  #take(id: number, pending: Pending): Pending {
    this.#pending.delete(id);
    if (pending.isCounted) this.#counted--;
    return pending;
  }
}
