import type { Format } from "./family.ts";

const OPENMETRICS = "application/openmetrics-text";
/** The versions of it that are what is written here, to the letter. */
const VERSIONS: readonly (string | undefined)[] = [undefined, "1.0.0", "0.0.1"];

/**
 * Which format is asked for: OpenMetrics where it is named, and plain text is not preferred to it.
 *
 * @param accept the request's header; null: there is none
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatFor } from "./accept.ts";
 *
 * assert.equal(formatFor("application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3"), "openmetrics");
 * assert.equal(formatFor("text/html,*" + "/*;q=0.8"), "prometheus");
 * ```
 */
export function formatFor(accept: string | null): Format {
  const ranges = (accept ?? "").toLowerCase().split(",").map(readRange);
  const best = (matches: (range: Range) => boolean) =>
    Math.max(0, ...ranges.filter(matches).map(({ weight }) => weight));
  const openMetrics = best(({ type, version }) => type === OPENMETRICS && VERSIONS.includes(version));
  return openMetrics > 0 && openMetrics >= best(({ type }) => type === "text/plain") ? "openmetrics" : "prometheus";
}

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly weight: number;
}

function readRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim());
  const { q = "1", version } = Object.fromEntries(
    parameters.map((parameter) => parameter.split("=", 2).map((part) => part.trim())),
  );
  return { type, version: version?.replaceAll('"', ""), weight: Number(q) || 0 };
}
