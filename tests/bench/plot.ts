/**
 * `deno run -A tests/bench/plot.ts RESULT.json FILE.svg`: draws the curves of a result of `deno task bench:memory`.
 *
 * @module
 */
import { drawPlot } from "../support/plot.ts";
import type { Curve, Result } from "./measuring/result.ts";

const MOST_POINTS = 300;

/** At most so many points: of each stretch the highest. */
export function thin(points: Curve["points"], most: number): Curve["points"] {
  const size = Math.max(1, Math.ceil(points.length / most));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const stretch = points.slice(index * size, (index + 1) * size);
    return stretch.reduce((highest, point) => point[1] > highest[1] ? point : highest);
  });
}

if (import.meta.main) {
  const [path, to] = Deno.args;
  if (path === undefined || to === undefined) throw new Error("Cannot draw: name a result and an SVG file");
  const { curves = [], measuredAt, commit }: Result = JSON.parse(await Deno.readTextFile(path));
  const series = curves.map(({ label, points }) => ({
    label,
    points: thin(points, MOST_POINTS).map(([second, megabytes]) => [second / 60, megabytes] as const),
  }));
  const title = `Private memory above an empty program (${commit}, ${measuredAt.slice(0, 10)})`;
  await Deno.writeTextFile(to, drawPlot({ title, xLabel: "minutes", yLabel: "MB", series }));
}
