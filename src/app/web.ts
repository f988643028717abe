/** What is told over HTTP, loaded only where it is asked for.
 *
 * @module
 */
import { HttpListener, type Routes } from "../http/mod.ts";
import {
  formatFor,
  type HealthParts,
  healthResponse,
  MEDIA_TYPES,
  Metrics,
  whyNotAlive,
  whyNotReady,
} from "../metrics/mod.ts";
import { RESTART_MARGIN_MS } from "../systemd/mod.ts";
import { stallTimeoutMs } from "./options.ts";
import { processFacts } from "./process_facts.ts";
import type { ReaderParts } from "./readers.ts";

/** Answers HTTP requests at `listen` until it is disposed of. */
export function startWeb(listen: string, parts: ReaderParts): AsyncDisposable {
  const { config: { http, scanner }, host, vitals, log, status } = parts;
  const stack = new AsyncDisposableStack();
  const facts = processFacts(host.linux);
  const metrics = stack.use(
    new Metrics({
      vitals,
      clock: host.clock,
      memory: host.memory,
      version: status.version,
      scannerId: scanner.id,
      ...facts,
    }),
  );
  const routes = { ...healthRoutes(parts), ...metricsRoute(metrics) };
  stack.use(new HttpListener({ listen, allowedHosts: http.allowed_hosts, routes }, { ...host, log }).start());
  return stack;
}

function healthRoutes(parts: ReaderParts): Routes {
  const { host: { clock }, vitals } = parts;
  const health: HealthParts = {
    vitals,
    clock,
    get patienceMs() {
      const { scanner } = parts.config;
      // A recording waits for its reader: it has no time within which to move.
      return scanner.source === "replay" ? Infinity : stallTimeoutMs(scanner) + RESTART_MARGIN_MS;
    },
  };
  return {
    "/healthz": () => healthResponse(whyNotAlive(health)),
    "/readyz": () => healthResponse(whyNotReady(health)),
  };
}

function metricsRoute(metrics: Metrics): Routes {
  return {
    "/metrics": async ({ header }) => {
      const format = formatFor(header("accept"));
      return { type: MEDIA_TYPES[format], body: await metrics.page(format), headers: { vary: "accept" } };
    },
  };
}
