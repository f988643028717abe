import { UniqueMessageIdProvider } from "mqtt";
import { MessageDropped, type Settled } from "../agent/mod.ts";

/** How many packet identifiers a connection has. */
const IDS = 65_535;

/** Bytes that are written in one piece. */
export interface Piece {
  /** When they were handed to the socket (monotonic); null: still waiting. */
  writtenMs: number | null;
}

interface Pending {
  readonly settled: Settled;
  readonly piece: Piece;
  readonly isCounted: boolean;
}

/**
 * Messages that await a PUBACK, by packet identifier. Each message is settled exactly once. An identifier whose PUBACK
 * never came is not reused on this connection, so that a late one cannot settle another message.
 *
 * @see MQTT 3.1.1, 2.3.1 (packet identifier), 4.4 (no PUBLISH is sent again while connected)
 */
export class Acknowledgements {
  readonly #ids = new UniqueMessageIdProvider();
  /** In the order in which they are sent. */
  readonly #pending = new Map<number, Pending>();
  /** Send times of the messages whose PUBACK did not arrive in time. */
  readonly #overdue = new Map<number, number>();
  #counted = 0;
  #answeredMs = -Infinity;

  /** @param timeoutMs how long a PUBACK may take */
  constructor(readonly timeoutMs: number) {}

  /** How many counted messages are awaiting acknowledgement. */
  get counted(): number {
    return this.#counted;
  }

  /** How many uncounted messages (announcements) are awaiting acknowledgement. */
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

  /** Settles the messages that were sent too long ago; returns how many. */
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
   * How many messages are overdue although the broker has answered something sent later: a message or, at `answeredMs`,
   * a ping. All overdue ones if they hold too many identifiers.
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
