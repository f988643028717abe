import { deepEqual, equal, match, ok } from "node:assert/strict";
import { drawPlot, type Series } from "./plot.ts";
import { test } from "./test.ts";

const draw = (...series: Series[]) => drawPlot({ title: "T", xLabel: "time (s)", yLabel: "MB", series });

/** What is written in a plot, in order. */
const texts = (svg: string) => Array.from(svg.matchAll(/<text[^>]*>([^<]*)</g), ([, text]) => text);

test("drawPlot() labels title, series, axes and round ticks", () => {
  const svg = draw({ label: "one", points: [[0, 1], [40, 9.3]] });
  deepEqual(texts(svg).slice(0, 8), ["T", "one", "0", "2", "4", "6", "8", "10"]);
  deepEqual(texts(svg).slice(8), ["0", "5", "10", "15", "20", "25", "30", "35", "40", "time (s)", "MB"]);
});

test("drawPlot() draws higher values higher, and later ones further to the right", () => {
  const path = draw({ label: "one", points: [[0, 0], [1, 5], [2, 10]] }).match(/d="M(\S+) (\S+?)L(\S+) (\S+?)L/);
  const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN] = path?.slice(1).map(Number) ?? [];
  ok(x1 < x2 && y1 > y2, `(${x1}, ${y1}) to (${x2}, ${y2})`);
});

test("drawPlot() holds each value of steps until the next", () => {
  match(draw({ label: "one", kind: "step", points: [[0, 0], [1, 5]] }), /d="M[\d.]+ [\d.]+H[\d.]+V[\d.]+"/);
});

test("drawPlot() leaves room for the last bar", () => {
  const svg = draw({ label: "one", kind: "bars", points: [[0, 3], [9, 4]] });
  equal(svg.match(/<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="[\d.]+"\/>/g)?.length, 2);
  ok(texts(svg).includes("10"));
});

test("drawPlot() keeps to a page that is light or dark, and to text that would be markup", () => {
  match(draw(), /prefers-color-scheme: dark/);
  match(drawPlot({ title: "a < b & c", xLabel: "", yLabel: "", series: [] }), /a &lt; b &amp; c/);
});
