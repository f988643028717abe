import type { Settled } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { Piece } from "./acknowledgements.ts";
import { PublishBuffer, type PublishFlags } from "./publish_buffer.ts";

/** Small enough that few messages are in doubt if the connection ends in the middle of a batch. */
const PIECE_BYTES = 8_192;

/** Whole messages that are written to the socket at once. */
export interface Batch extends Piece {
  /** When the first of them arrived (monotonic). */
  readonly sinceMs: number;
  bytes: Uint8Array;
  /** QoS 0: called when they have been written. */
  readonly settled: Settled[];
  /** Packet identifiers of QoS 1. */
  readonly ids: number[];
  /** Must not be dropped, however long it waits. */
  isKept: boolean;
}

const NOTHING = new Uint8Array();

/** What waits to be written, in batches. */
export class Backlog {
  readonly #buffer = new PublishBuffer();
  readonly #full: Batch[] = [];
  #fullBytes = 0;
  #open: Batch | null = null;

  constructor(private readonly clock: Clock) {}

  /** Bytes that wait. */
  get byteLength(): number {
    return this.#fullBytes + this.#buffer.byteLength;
  }

  /** Bytes of the batch that is next; 0: nothing waits. */
  get nextBytes(): number {
    return this.#full[0]?.bytes.length ?? this.#buffer.byteLength;
  }

  /** The batch that the next message will be in. */
  open(): Batch {
    return this.#open ??= {
      sinceMs: this.clock.monotonicMs(),
      writtenMs: null,
      bytes: NOTHING,
      settled: [],
      ids: [],
      isKept: false,
    };
  }

  /** Adds a message to the open batch. */
  append(topic: string, payload: string, flags: PublishFlags): void {
    this.#buffer.append(topic, payload, flags);
    if (this.#buffer.byteLength >= PIECE_BYTES) this.close();
  }

  /** The next message will begin another batch. */
  close(): void {
    if (this.#open === null) return;
    const batch = this.#takeOpen();
    this.#full.push(batch);
    this.#fullBytes += batch.bytes.length;
  }

  /** Takes the batch that waits longest; undefined: nothing waits. */
  take(): Batch | undefined {
    const batch = this.#full.shift();
    if (batch === undefined) return this.#open === null ? undefined : this.#takeOpen();
    this.#fullBytes -= batch.bytes.length;
    return batch;
  }

  /** The same, where it came before `sinceMs` and need not be kept. */
  takeOlder(sinceMs: number): Batch | undefined {
    const next = this.#full[0] ?? this.#open;
    return next === null || next.isKept || next.sinceMs >= sinceMs ? undefined : this.take();
  }

  #takeOpen(): Batch {
    const batch = this.open();
    batch.bytes = this.#buffer.take();
    this.#open = null;
    return batch;
  }
}
