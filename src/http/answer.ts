import type { IncomingMessage, ServerResponse } from "node:http";
import { timeLimit } from "../time/mod.ts";
import { ResponseEvents } from "./event_stream.ts";
import type { HttpOptions, HttpParts } from "./listener.ts";
import { readRequest, refusal } from "./refusal.ts";
import { type HttpContent, type HttpResponse, textResponse } from "./routes.ts";

/** A reader that has not taken its answer by then is dropped. */
const ANSWER_MS = 10_000;
/** Who holds a stream holds a connection: some are left for everybody else. */
const MOST_STREAMS = 8;

/** What every answer says: it is not to be kept, framed, guessed at, or to load anything. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** Answers requests by its routes, and nobody for longer than it takes. */
export class Answerer {
  #streams = 0;

  /** @param signal ends all answers that go on */
  constructor(
    private readonly options: Pick<HttpOptions, "routes" | "allowedHosts">,
    private readonly parts: Pick<HttpParts, "clock" | "log">,
    private readonly signal: AbortSignal,
  ) {}

  /** Answers one request; never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {}); // the reader has gone, which "close" tells as well
    const refused = refusal(request, this.options.allowedHosts);
    if (refused === null) return await this.#respond(request, response);
    response.setHeader("connection", "close");
    await this.#send(response, refused);
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#handle(request);
    if (request.socket.destroyed) return; // nothing would tell that the reader has gone
    if (!("events" in answer)) return await this.#send(response, answer);
    if (this.#streams >= MOST_STREAMS) return await this.#send(response, textResponse(503, "Too many are listening."));
    const headers = { ...HEADERS, "content-type": "text/event-stream" };
    response.writeHead(200, headers);
    if (request.method === "HEAD") return void response.end();
    response.flushHeaders();
    const stream = new ResponseEvents(response, this.parts.clock, this.signal);
    this.#streams++;
    stream.signal.addEventListener("abort", () => this.#streams--, { once: true });
    answer.events(stream);
  }

  async #handle(request: IncomingMessage): Promise<HttpResponse> {
    const asked = readRequest(request);
    if (!Object.hasOwn(this.options.routes, asked.path)) return textResponse(404, "There is nothing here.");
    try {
      return await this.options.routes[asked.path as `/${string}`]?.(asked) ?? textResponse(404);
    } catch (error) {
      this.parts.log.error("request failed", { path: asked.path, error });
      return textResponse(500, "That failed; the log says why.");
    }
  }

  async #send(response: ServerResponse, { status = 200, type, body, headers }: HttpContent): Promise<void> {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const length = { "content-length": String(bytes.length) };
    response.writeHead(status, { ...HEADERS, ...length, "content-type": type, ...headers });
    using limit = timeLimit(this.parts.clock, ANSWER_MS, { signal: this.signal });
    await new Promise<void>((resolve) => {
      response.on("close", resolve);
      response.end(bytes, resolve);
      limit.signal.addEventListener("abort", () => resolve(void response.destroy()), { once: true });
    });
  }
}
