import { createServer, type Server } from "node:http";
import type { Logger } from "../agent/mod.ts";
import { abortable, backoffMs, type BackoffPolicy, type Clock } from "../time/mod.ts";
import { listenOptions } from "./address.ts";
import { Answerer } from "./answer.ts";
import type { Routes } from "./routes.ts";
import { clearAway } from "./stale_socket.ts";

/** How an {@linkcode HttpListener} listens, and what it answers. */
export interface HttpOptions {
  /** `127.0.0.1:9464`, `[::1]:9464` or `unix:/run/bt-scanner/http.sock`. */
  readonly listen: string;
  /** Who answers what. */
  readonly routes: Routes;
  /** By what other names than those of the loopback interface and its own address this machine may be called. */
  readonly allowedHosts: readonly string[];
}

/** What an {@linkcode HttpListener} works with. */
export interface HttpParts {
  /** Times retries and readers. */
  readonly clock: Clock;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  /** Where events are written. */
  readonly log: Logger;
}

/** A port in use is free again when somebody has ended what uses it; nobody is in a hurry. */
const RETRY_POLICY: BackoffPolicy = { initialDelayMs: 2_000, maxDelayMs: 30_000, exponential: true };
/** What a request may take: it is a line and some headers, and has to come at once. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};
/** More than a browser, Prometheus and a few probes need; one more is closed at once. */
const MOST_CONNECTIONS = 24;

/**
 * Answers HTTP requests: GET and HEAD, few at a time, briefly. Where it cannot listen, or no longer, it says so and
 * tries again, and nothing else is harmed.
 */
export class HttpListener {
  /** Prepares; {@linkcode start} begins. */
  constructor(private readonly options: HttpOptions, private readonly parts: HttpParts) {}

  /** Listens until it is disposed of; then every connection is closed at once. */
  start(): AsyncDisposable {
    const ended = new AbortController();
    const running = this.#run(ended.signal);
    return {
      async [Symbol.asyncDispose]() {
        ended.abort();
        await running;
      },
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.parts;
    const { listen } = this.options;
    let failures = 0;
    let lastReason: string | null = null;
    while (!signal.aborted) {
      const reason = await this.#listen(signal, () => {
        failures = 0;
        lastReason = null;
        log.info("http listening", { listen });
      });
      if (signal.aborted) return;
      const retryInMs = Math.round(backoffMs(failures++, RETRY_POLICY, random));
      const fields = { listen, reason, retry_in_ms: retryInMs };
      if (reason === lastReason) log.debug("http still cannot listen", fields);
      else log.error("http cannot listen", fields);
      lastReason = reason;
      await clock.sleep(retryInMs, signal).catch(() => {});
    }
  }

  /** Listens until `signal` aborts, or it cannot: why. */
  async #listen(signal: AbortSignal, listening: () => void): Promise<string> {
    const where = listenOptions(this.options.listen);
    const ended = new AbortController();
    const answerer = new Answerer(this.options, this.parts, ended.signal);
    const server = createServer(LIMITS, (request, response) => {
      // One answer at a time: of requests that come before the last is answered, the runtime would queue any number.
      if (response.socket === null) request.socket.destroy();
      else void answerer.answer(request, response);
    });
    server.maxConnections = MOST_CONNECTIONS;
    try {
      if (where.path !== undefined) await clearAway(where.path);
      return await abortable<never>(signal, (_, reject) => {
        server.on("error", reject);
        server.listen(where, listening);
      });
    } catch (error) {
      return whyNot(error);
    } finally {
      ended.abort();
      await close(server);
    }
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is in use by another process",
  EADDRNOTAVAIL: "this machine does not have that address",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "its folder does not exist",
};

function whyNot(error: unknown): string {
  const { code = "", name, message } = error as NodeJS.ErrnoException;
  if (name === "NotCapable") return "permission denied: listening on a Unix socket begins with a restart";
  return REASONS[code] ?? message;
}
