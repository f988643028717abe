/**
 * Plots for the documentation: one self-contained SVG, readable on a light and on a dark page.
 *
 * @module
 */

/** One curve, or one set of bars. */
export interface Series {
  readonly label: string;
  /** `step` holds each value until the next point; `bars` stand on the x axis, each `barWidth` wide. Default: `line`. */
  readonly kind?: "line" | "step" | "bars";
  /** In ascending order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Of `bars`, in units of x, from the point's x to the right. Default: 1. */
  readonly barWidth?: number;
}

/** What is drawn. Labels name the units. */
export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Where the x axis ends at least; default: at the highest value. Plots of one figure may want the same. */
  readonly xMax?: number;
  /** Bounds of the y axis; default: from 0, or the lowest value below it, to the highest. */
  readonly yMin?: number;
  readonly yMax?: number;
}

const WIDTH = 800;
const HEIGHT = 360;
const AREA = { left: 70, right: WIDTH - 20, top: 64, bottom: HEIGHT - 52 };
const [X_TICKS, Y_TICKS] = [8, 5];
const LEGEND_COLUMN = 24;
const CHARACTER_WIDTH = 7;

/** Okabe and Ito's colours, which colour-blind readers tell apart, without those that are lost on a light or dark page. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

const STYLE = `text { font: 12px sans-serif; fill: #333 } .title { font-size: 15px; font-weight: bold }
.axis { stroke: #666 } .grid { stroke: #ddd } path { stroke-width: 1.5 } .bars { opacity: 0.75 }
@media (prefers-color-scheme: dark) { text { fill: #ccc } .axis { stroke: #999 } .grid { stroke: #444 } }`;

/** One axis: values to pixels. */
interface Axis {
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

/**
 * Draws plots, one below the other.
 *
 * @returns the text of an SVG file
 *
 * @example
 * ```ts
 * import { drawPlot } from "./plot.ts";
 *
 * const memory = { label: "agent", points: [[0, 21.1], [1, 21.4]] } as const;
 * console.log(drawPlot({ title: "Memory", xLabel: "hours", yLabel: "MB", series: [memory] }));
 * ```
 */
export function drawPlot(...plots: readonly Plot[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT * plots.length}" role="img">`,
    `<title>${escape(plots.map(({ title }) => title).join("; "))}</title>`,
    `<style>${STYLE}</style>`,
    ...plots.flatMap((plot, index) => [`<g transform="translate(0 ${HEIGHT * index})">`, ...panel(plot), "</g>"]),
    "</svg>",
    "",
  ].join("\n");
}

function panel(plot: Plot): string[] {
  const points = plot.series.flatMap(({ points }) => points);
  const ends = plot.series.flatMap(({ kind, points, barWidth = 1 }) =>
    kind === "bars" ? points.map(([x]) => x + barWidth) : []
  );
  const x = axis(
    [...points.map(([x]) => x), ...ends, ...plot.xMax === undefined ? [] : [plot.xMax]],
    X_TICKS,
    AREA.left,
    AREA.right,
  );
  const bounds = [plot.yMin ?? 0, ...plot.yMax === undefined ? [] : [plot.yMax]];
  const y = axis([...points.map(([, y]) => y), ...bounds], Y_TICKS, AREA.bottom, AREA.top);
  return [
    text(plot.title, AREA.left, 22, 'class="title"'),
    ...legend(plot.series),
    ...y.ticks.flatMap((value) => horizontal(value, y.at(value))),
    ...x.ticks.flatMap((value) => vertical(value, x.at(value))),
    line("axis", AREA.left, AREA.bottom, AREA.right, AREA.bottom),
    ...plot.series.flatMap((series, index) => curve(series, colour(index), x, y)),
    text(plot.xLabel, (AREA.left + AREA.right) / 2, HEIGHT - 12, 'text-anchor="middle"'),
    text(
      plot.yLabel,
      0,
      0,
      `text-anchor="middle" transform="translate(16 ${(AREA.top + AREA.bottom) / 2}) rotate(-90)"`,
    ),
  ];
}

/** Round values that span `values`, about `count` steps of 1, 2 or 5 times a power of ten. */
function axis(values: readonly number[], count: number, from: number, to: number): Axis {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (!Number.isFinite(low)) [low, high] = [0, 1];
  if (low === high) high = low + 1;
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  const ticks = Array.from(
    { length: last - first + 1 },
    (_, index) => Number(((first + index) * step).toPrecision(12)),
  );
  return { ticks, at: (value) => from + (value / step - first) / (last - first) * (to - from) };
}

function curve({ kind = "line", points, barWidth = 1 }: Series, colour: string, x: Axis, y: Axis): string[] {
  const px = points.map(([px, py]) => [round(x.at(px)), round(y.at(py))] as const);
  if (kind === "bars") {
    const base = y.at(Math.max(0, y.ticks[0] ?? 0));
    const width = round(Math.max(0.5, x.at(barWidth) - x.at(0)));
    const bars = px.map(([left, top]) =>
      `<rect x="${left}" y="${Math.min(top, base)}" width="${width}" height="${round(Math.abs(base - top))}"/>`
    );
    return [`<g class="bars" fill="${colour}">`, ...bars, "</g>"];
  }
  const path = px.map(([left, top], index) =>
    index === 0 ? `M${left} ${top}` : kind === "step" ? `H${left}V${top}` : `L${left} ${top}`
  );
  return [`<path fill="none" stroke="${colour}" d="${path.join("")}"/>`];
}

function legend(series: readonly Series[]): string[] {
  let left = AREA.left;
  return series.flatMap(({ label }, index) => {
    const at = left;
    left += LEGEND_COLUMN + CHARACTER_WIDTH * label.length;
    return [`<rect x="${at}" y="36" width="12" height="12" fill="${colour(index)}"/>`, text(label, at + 17, 46)];
  });
}

function horizontal(value: number, y: number): string[] {
  return [line("grid", AREA.left, y, AREA.right, y), text(format(value), AREA.left - 8, y + 4, 'text-anchor="end"')];
}

function vertical(value: number, x: number): string[] {
  return [
    line("axis", x, AREA.bottom, x, AREA.bottom + 5),
    text(format(value), x, AREA.bottom + 19, 'text-anchor="middle"'),
  ];
}

function line(style: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${style}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

function text(content: string, x: number, y: number, attributes = ""): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escape(content)}</text>`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "currentColor";
}

function format(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 10 });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
