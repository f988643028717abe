/** What is told over HTTP, loaded only where it is asked for.
 *
 * @module
 */
import { HttpListener, type Routes } from "../http/mod.ts";
import { type HealthParts, healthResponse, whyNotAlive, whyNotReady } from "../metrics/mod.ts";
import { RESTART_MARGIN_MS } from "../systemd/mod.ts";
import { stallTimeoutMs } from "./options.ts";
import type { ReaderParts } from "./readers.ts";

/** Answers HTTP requests at `listen` until it is disposed of. */
export function startWeb(listen: string, parts: ReaderParts): AsyncDisposable {
  const { config: { http }, host: { clock, random }, log } = parts;
  const options = { listen, allowedHosts: http.allowed_hosts, routes: routes(parts) };
  return new HttpListener(options, { clock, random, log }).start();
}

/** Who answers what. */
function routes({ config: { scanner }, host: { clock }, vitals }: ReaderParts): Routes {
  // A recording waits for its reader: it has no time within which to move.
  const patienceMs = scanner.source === "replay" ? Infinity : stallTimeoutMs(scanner) + RESTART_MARGIN_MS;
  const health: HealthParts = { vitals, clock, patienceMs };
  return {
    "/healthz": () => healthResponse(whyNotAlive(health)),
    "/readyz": () => healthResponse(whyNotReady(health)),
  };
}
