import { connect } from "node:net";
import { HttpListener, type HttpOptions, type Routes } from "../../src/http/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { freePort } from "../support/free_port.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { waitFor } from "../support/wait_for.ts";

/** A listener that listens. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly log: RecordingLog;
}

/** Listens on a port that is free, with these routes. */
export async function listen(routes: Routes, options: Partial<HttpOptions> = {}): Promise<Listening> {
  const port = freePort();
  const log = new RecordingLog();
  const parts = { clock: systemClock, random: () => 0, log };
  const listener = new HttpListener({ listen: `127.0.0.1:${port}`, allowedHosts: [], routes, ...options }, parts);
  const listening = listener.start();
  await waitFor(() => log.of("http listening").length > 0, "the listener");
  return { port, log, [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose]() };
}

/** Sends bytes as they are, and returns all that comes back until the other side ends the connection. */
export function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write(text, "latin1"));
    socket.on("data", (chunk) => received += chunk);
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
}

/** A request for `path` that leaves the connection open for no other. */
export function get(path: string, ...headers: readonly string[]): string {
  const host = headers.some((line) => /^host:/i.test(line)) ? [] : ["Host: localhost"];
  return [`GET ${path} HTTP/1.1`, ...host, "Connection: close", ...headers, "", ""].join("\r\n");
}

/** The status of an answer as it was received; 0: there was none. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
}
