import type { ServerResponse } from "node:http";
import type { Clock } from "../time/mod.ts";

/** One server-sent event. */
export interface ServerSentEvent {
  /** Its kind; default: `message`. */
  readonly event?: string;
  /** What a browser names (`Last-Event-ID`) when it resumes after a break. */
  readonly id?: string;
  /** Any text. */
  readonly data: string;
}

/** A reader of server-sent events. */
export interface EventStream {
  /** Sends an event, never waiting. One that does not keep up with what is sent is dropped. */
  send(event: ServerSentEvent): void;
  /** Whether something that was sent is still waiting for the reader: what can be told later may wait, too. */
  readonly isBehind: boolean;
  /** Aborts when the reader has gone, was dropped, or the listener ends. */
  readonly signal: AbortSignal;
}

/** How much may wait for a reader: some seconds of a page with a thousand devices. */
const MOST_WAITING_BYTES = 512 * 1024;
/** How often it is looked whether what was sent last has been taken, and something is sent by which a dead reader shows. */
const BEAT_MS = 15_000;

/** Sends events as the answer to a request, until the reader goes or is too slow, or `signal` aborts. */
export class ResponseEvents implements EventStream {
  readonly #ended = new AbortController();
  /** Whether something was waiting at the last beat, and still is. */
  #isStuck = false;

  constructor(private readonly response: ServerResponse, clock: Clock, signal: AbortSignal) {
    response.on("close", () => this.#ended.abort());
    response.on("drain", () => this.#isStuck = false);
    this.#beat(clock, AbortSignal.any([signal, this.#ended.signal]));
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get isBehind(): boolean {
    return this.response.writableLength > 0;
  }

  send(event: ServerSentEvent): void {
    this.#write(encodeEvent(event));
  }

  #write(text: string): void {
    if (this.signal.aborted) return;
    this.response.write(text);
    if (this.response.writableLength > MOST_WAITING_BYTES) this.#drop();
  }

  async #beat(clock: Clock, signal: AbortSignal): Promise<void> {
    const wait = () => clock.sleep(BEAT_MS, signal).then(() => true, () => false);
    while (await wait()) {
      if (this.#isStuck) break;
      this.#isStuck = this.response.writableNeedDrain;
      this.#write(":\n\n");
    }
    this.#drop();
  }

  #drop(): void {
    this.response.destroy();
    this.#ended.abort();
  }
}

/** As the stream has it: a line break ends a field, wherever it is. */
export function encodeEvent({ event, id, data }: ServerSentEvent): string {
  const field = (name: string, value: string | undefined) =>
    value === undefined ? "" : `${name}: ${value.replace(/[\r\n\0]/g, "")}\n`;
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
  return `${field("event", event)}${field("id", id)}${lines}\n`;
}
