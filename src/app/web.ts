/** What is told over HTTP or written for node_exporter, loaded only where it is asked for.
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
  Textfile,
  whyNotAlive,
  whyNotReady,
} from "../metrics/mod.ts";
import { type PageFacts, pageRoutes } from "../page/mod.ts";
import { type ProcessFacts, processFacts } from "./process_facts.ts";
import type { ReaderParts } from "./readers.ts";

/** What it is told of the configuration: to work that out, it would have to bring other parts of the program along. */
export interface WebFacts {
  /** What the page says of the scanner. */
  readonly pageFacts: () => PageFacts;
  /** For how long a scan may give no sign of life, in milliseconds. */
  readonly patienceMs: () => number;
}

/** Answers HTTP requests, and writes metrics to a file, as configured, until it is disposed of. */
export async function startWeb(parts: ReaderParts, facts: WebFacts): Promise<AsyncDisposable> {
  const { config: { http, metrics: { textfile, interval_s } }, host, log } = parts;
  const { clock, random, replaceFile, removeFile } = host;
  const stack = new AsyncDisposableStack();
  const metrics = stack.use(createMetrics(parts, stack.use(processFacts(host.linux))));
  if (textfile !== null) {
    const content = () => metrics.textfile();
    const options = { path: textfile, intervalMs: interval_s * 1000 };
    stack.use(new Textfile(options, { content, replaceFile, removeFile, clock, log }).start());
  }
  if (http.listen !== null) {
    const routes = { ...await startPage(parts, facts, stack), ...healthRoutes(parts, facts), ...metricsRoute(metrics) };
    const options = { listen: http.listen, allowedHosts: http.allowed_hosts, routes };
    stack.use(new HttpListener(options, { clock, random, log }).start());
  }
  return stack;
}

function createMetrics({ config, host: { clock, memory }, vitals, status }: ReaderParts, facts: ProcessFacts): Metrics {
  return new Metrics({
    ...facts,
    vitals,
    clock,
    memory,
    version: status.version,
    scannerId: config.scanner.id,
    labels: () => status.labels,
    configDigest: () => status.configDigest,
  });
}

/** The page's routes; what it keeps for them goes with the stack. */
function startPage(parts: ReaderParts, { pageFacts }: WebFacts, stack: AsyncDisposableStack): Promise<Routes> {
  const { host: { clock, random }, vitals, warnings } = parts;
  const ended = new AbortController();
  stack.defer(() => ended.abort());
  return pageRoutes(pageFacts, { vitals, warnings, clock, random }, ended.signal);
}

function healthRoutes({ host: { clock }, vitals }: ReaderParts, { patienceMs }: WebFacts): Routes {
  const health: HealthParts = { vitals, clock, patienceMs };
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
