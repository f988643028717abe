import type { EventStream } from "./event_stream.ts";

/** A request that may be answered: GET or HEAD, for this listener, from nobody else's page. */
export interface HttpRequest {
  /** What is asked for, without the query: `/metrics`. */
  readonly path: string;
  /** The rest of it. */
  readonly query: URLSearchParams;
  /** A header's value, by its name in lower case; null: there is none. Anybody may have written it. */
  readonly header: (name: Lowercase<string>) => string | null;
}

/** An answer that is ready. */
export interface HttpContent {
  /** Default: 200. */
  readonly status?: number;
  /** Media type: `text/plain; charset=utf-8`. */
  readonly type: string;
  /** All of it. */
  readonly body: string | Uint8Array;
  /** Besides those that every answer has, or in place of them; names in lower case. */
  readonly headers?: Readonly<Record<Lowercase<string>, string>>;
}

/** An answer that goes on: server-sent events, until reader or listener end. */
export interface HttpEvents {
  /** Begins to send; called once the reader has been accepted. `stream.signal` aborts at the end. */
  readonly events: (stream: EventStream) => void;
}

/** What is answered. */
export type HttpResponse = HttpContent | HttpEvents;

/** Answers requests for one path. What it throws is logged, and answered with 500. */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** Who answers what: a handler for each path, such as `/metrics`; anything else is not found. */
export type Routes = Readonly<Record<`/${string}`, HttpHandler>>;

/** Plain text, a line for each item. */
export function textResponse(status: number, ...lines: readonly string[]): HttpContent {
  return { status, type: "text/plain; charset=utf-8", body: lines.map((line) => `${line}\n`).join("") };
}
