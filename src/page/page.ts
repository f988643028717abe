import { gunzipSync } from "node:zlib";
import type { Vitals } from "../agent/mod.ts";
import type { HttpHandler, Routes } from "../http/mod.ts";
import type { RecentWarnings } from "../log/mod.ts";
import type { Clock } from "../time/mod.ts";
import { type Asset, readAssets } from "./assets.ts";
import { Changes, type PageFacts } from "./changes.ts";
import { History, SAMPLE_MS } from "./history.ts";
import { Live } from "./live.ts";

/** What {@linkcode pageRoutes} work with. */
export interface PageParts {
  /** What is true. */
  readonly vitals: Vitals;
  /** What the log warned of, kept while the page may be asked for. */
  readonly warnings: RecentWarnings;
  /** Time. */
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/**
 * What the page may do: load its own files and read its own events. Even if text from the air came to be taken for
 * HTML, it could do nothing; and a browser that knows trusted types lets no text become HTML at all.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** The page at `/`, its files, and `/events`, which keeps it up to date. Takes samples until `signal` aborts. */
export async function pageRoutes(facts: () => PageFacts, parts: PageParts, signal: AbortSignal): Promise<Routes> {
  const { vitals, warnings, clock, random } = parts;
  const history = new History(vitals.counters, clock.monotonicMs());
  takeSamples(history, vitals, clock, signal);
  const changes = new Changes({ facts, vitals, history, warnings, clock });
  const kept = warnings.keep();
  const end = () => {
    changes[Symbol.dispose]();
    kept[Symbol.dispose]();
  };
  signal.addEventListener("abort", end, { once: true });
  const live = new Live({ vitals, changes, clock, random }, signal);
  const events: HttpHandler = ({ header, query }) => {
    const lastId = header("last-event-id") ?? query.get("since");
    return { events: (stream) => live.add(stream, lastId) };
  };
  const files = (await readAssets()).map((asset) => [`/${asset.name}`, fileHandler(asset)] as const);
  return { ...Object.fromEntries(files), "/events": events };
}

async function takeSamples(history: History, vitals: Vitals, clock: Clock, signal: AbortSignal): Promise<void> {
  const wait = () => clock.sleep(SAMPLE_MS, signal).then(() => true, () => false);
  while (await wait()) history.sample(vitals.counters, clock.monotonicMs());
}

/** Compressed for every browser, and as it is for whoever does not say that it can read that. */
function fileHandler({ type, body, isCompressed }: Asset): HttpHandler {
  const headers = { "content-security-policy": POLICY, vary: "accept-encoding" };
  return ({ header }) => {
    if (!isCompressed) return { type, body, headers };
    const isUnderstood = /\bgzip\b/.test(header("accept-encoding") ?? "");
    if (!isUnderstood) return { type, body: gunzipSync(body), headers };
    return { type, body, headers: { ...headers, "content-encoding": "gzip" } };
  };
}
