/** Labels of a sample; values may be any text. */
export type Labels = Readonly<Record<string, string>>;

/** One number. */
export interface Sample {
  /** What tells it from the family's others. */
  readonly labels?: Labels;
  /** Any number. */
  readonly value: number;
}

/** How often something took up to so long. */
export interface Distribution {
  /** Upper bounds in ascending order, without infinity; in seconds. */
  readonly bounds: readonly number[];
  /** How many were at most each bound and above the one before; at the end, those above all. */
  readonly counts: readonly number[];
  /** All of them together, in seconds. */
  readonly sum: number;
}

/** All samples of one name. */
export type Family =
  & {
    /** Without the endings that its type brings: `_total`, `_info`. */
    readonly name: string;
    readonly help: string;
  }
  & (
    | { readonly type: "counter" | "gauge" | "info"; readonly samples: readonly Sample[] }
    | { readonly type: "histogram"; readonly distribution: Distribution }
  );

/** How metrics are written down. */
export type Format = "openmetrics" | "prometheus";

/** The media type of each format. */
export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

const ENDINGS = { counter: "_total", gauge: "", info: "_info", histogram: "" } as const;

/**
 * Writes families down. What is the same in both formats are the samples; they differ in what is said about them.
 *
 * @param common labels of every sample, first
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encode } from "./family.ts";
 *
 * const family = { name: "lights", type: "counter", help: "Lights.", samples: [{ labels: { colour: "red" }, value: 4 }] } as const;
 * assert.equal(
 *   encode([family], "openmetrics", { room: "a" }),
 *   '# TYPE lights counter\n# HELP lights Lights.\nlights_total{room="a",colour="red"} 4\n# EOF\n',
 * );
 * ```
 */
export function encode(families: readonly Family[], format: Format, common: Labels): string {
  const told = families.filter((family) => family.type === "histogram" || family.samples.length > 0);
  const text = told.map((family) => encodeFamily(family, format, common)).join("");
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function encodeFamily(family: Family, format: Format, common: Labels): string {
  const { name, type, help } = family;
  const sampled = `${name}${ENDINGS[type]}`;
  // Prometheus' own format names samples, not families, and knows no type for information.
  const [named, typed] = format === "openmetrics" ? [name, type] : [sampled, type === "info" ? "gauge" : type];
  const lines = type === "histogram"
    ? histogramLines(sampled, family.distribution, common)
    : family.samples.map(({ labels, value }) => line(sampled, { ...common, ...labels }, value));
  return `# TYPE ${named} ${typed}\n# HELP ${named} ${escapeText(help)}\n${lines.join("")}`;
}

function histogramLines(name: string, { bounds, counts, sum }: Distribution, common: Labels): string[] {
  let count = 0;
  const buckets = counts.map((more, index) => {
    count += more;
    return line(`${name}_bucket`, { ...common, le: bound(bounds[index]) }, count);
  });
  return [...buckets, line(`${name}_sum`, common, sum), line(`${name}_count`, common, count)];
}

/** OpenMetrics wants a bound to look like a fraction; the same text in both formats makes one series of both. */
function bound(value: number | undefined): string {
  if (value === undefined) return "+Inf";
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeText(text).replaceAll('"', '\\"');
}
