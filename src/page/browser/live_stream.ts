import type { PageEvent } from "../contract.ts";

/** The scanner tells something each second: after so long without, the connection is taken for lost. */
const SILENT_MS = 6_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
/** A page that nobody sees lets go of the scanner after so long. */
const HIDDEN_MS = 60_000;

/** Takes what a {@linkcode LiveStream} brings. */
export interface StreamSink {
  /** Something has changed, or all is new. */
  event(event: PageEvent): void;
  /** The scanner answers, or does not. */
  connected(isConnected: boolean): void;
}

/**
 * What the scanner tells, as long as somebody looks at the page. After a break it goes on where it was: the browser
 * does that by itself only where the connection ended with an error of the network.
 */
export class LiveStream {
  readonly #sink: StreamSink;
  #source: EventSource | null = null;
  #lastId = "";
  #retryMs = FIRST_RETRY_MS;
  #timer = 0;
  #hiddenTimer = 0;

  /** Begins. */
  constructor(sink: StreamSink) {
    this.#sink = sink;
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
    globalThis.addEventListener("online", () => this.#open()); // the reader's network is back
    this.#open();
  }

  #open(): void {
    this.#close();
    const source = this.#source = new EventSource(`events?since=${encodeURIComponent(this.#lastId)}`);
    source.onmessage = ({ data, lastEventId }) => {
      this.#lastId = lastEventId;
      this.#retryMs = FIRST_RETRY_MS;
      this.#lostAfter(SILENT_MS);
      this.#sink.connected(true);
      this.#sink.event(JSON.parse(data));
    };
    source.onerror = () => this.#lost();
    this.#lostAfter(SILENT_MS);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #lostAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(), ms);
  }

  #lost(): void {
    this.#close();
    this.#sink.connected(false);
    this.#timer = setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  #visibilityChanged(): void {
    clearTimeout(this.#hiddenTimer);
    if (document.hidden) this.#hiddenTimer = setTimeout(() => this.#close(), HIDDEN_MS);
    else if (this.#source === null) this.#open();
  }
}
