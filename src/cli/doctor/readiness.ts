import { get } from "node:http";
import { createServer } from "node:net";
import { type Clock, timeLimit } from "../../time/mod.ts";
import type { Readiness } from "./readers.ts";

const ANSWER_TIMEOUT_MS = 2_000;
const MOST_SHOWN = 300;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there, and does not answer as this one would",
  EADDRNOTAVAIL: "this machine does not have that address",
  EACCES: "permission denied",
};

/** Asks whoever listens at `127.0.0.1:9464` whether it is ready; where nobody does, tries to listen there. */
export async function readiness(listen: string, clock: Clock, signal: AbortSignal): Promise<Readiness> {
  const colon = listen.lastIndexOf(":");
  const [host, port] = [listen.slice(0, colon), listen.slice(colon + 1)];
  // What listens everywhere does so on the loopback interface, too.
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "[::]" ? "[::1]" : host;
  using limit = timeLimit(clock, ANSWER_TIMEOUT_MS, { signal });
  try {
    return await ask(reached.replace(/^\[|\]$/g, ""), Number(port), limit.signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return await tryListening(host.replace(/^\[|\]$/g, ""), Number(port));
  }
}

/** Not with fetch(), which would ask a proxy that the environment names. */
function ask(host: string, port: number, signal: AbortSignal): Promise<Readiness> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path: "/readyz", agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("error", reject);
      response.on("data", (more: string) => {
        if (text.length < MOST_SHOWN) text += more;
      });
      response.on("end", () => {
        const shown = text.trim().replaceAll(/\s*\n\s*/g, "; ").slice(0, MOST_SHOWN);
        resolve({ kind: "answered", code: response.statusCode ?? 0, text: shown });
      });
    });
    request.on("error", reject);
  });
}

function tryListening(host: string, port: number): Promise<Readiness> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      resolve({ kind: "unavailable", reason: REASONS[error.code ?? ""] ?? error.message });
    });
    server.listen({ host, port }, () => server.close(() => resolve({ kind: "free" })));
  });
}
