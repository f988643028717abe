import { drawPlot, type Series } from "../support/plot.ts";
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import type { SoakRecord } from "./record.ts";
import { describeGrowth, memoryGrowth } from "./verdict.ts";

/** What was measured, in lines for people. */
export function describe(record: SoakRecord): string[] {
  const { counts, subscriber, memory } = record;
  const last = counts.at(-1);
  const growth = memoryGrowth(record);
  const highest = (values: readonly number[]) => `${(Math.max(0, ...values) / 1024).toFixed(1)} MiB`;
  return [
    `private memory: ${growth === null ? "too few samples" : describeGrowth(growth)}`,
    `  at most ${highest(memory.map((each) => each.privateKiB))}, RSS ${highest(memory.map((each) => each.rssKiB))}`,
    `reports: ${last?.received} received, ${last?.published} published, ${subscriber.addresses} addresses`,
    `  lost: ${last?.dropped_offline} offline, ${last?.dropped_backpressure} backpressure, ` +
    `${last?.dropped_unacknowledged} unacknowledged, ${last?.missed} missed`,
    `  ${last?.invalid} invalid, ${last?.malformed_structures} malformed structures`,
    "faults:",
    ...FAULT_KINDS.map((kind) => `  ${describeFaults(record, kind)}`),
  ];
}

function describeFaults({ faults }: SoakRecord, kind: string): string {
  const ofKind = faults.filter((fault) => fault.kind === kind);
  const recovered = ofKind.map(({ recoveredAfterS }) => recoveredAfterS ?? Infinity).toSorted((a, b) => a - b);
  if (recovered.length === 0) return `${kind}: none`;
  const median = recovered[recovered.length >> 1] ?? 0;
  const longest = recovered.at(-1) ?? 0;
  return `${kind}: ${ofKind.length}, messages again after ${median.toFixed(1)} s (median), ${
    longest.toFixed(1)
  } s at most`;
}

/** How many points a curve has at most: an hour of seconds would make a file of half a megabyte. */
const MOST_POINTS = 360;

/** Memory, rates and faults over time, one below the other. */
export function plotSoak(record: SoakRecord): string {
  const { memory, minutes } = record;
  const axis = { xLabel: "minutes", xMax: minutes };
  const curve = (label: string, key: "rssKiB" | "privateKiB") => ({
    label,
    points: thinned(memory).map((each) => [each.atS / 60, each[key] / 1024] as const),
  });
  return drawPlot(
    {
      title: "Memory of the agent",
      ...axis,
      yLabel: "MiB",
      series: [curve("RSS", "rssKiB"), curve("private", "privateKiB")],
    },
    {
      title: "Reports received and published, mean of 10 s",
      ...axis,
      yLabel: "per second",
      series: [rate(record, "received"), rate(record, "published")],
    },
    {
      title: "Faults, each as high and as wide as it was long",
      ...axis,
      yLabel: "seconds",
      series: FAULT_KINDS.map((kind) => faultCurve(record, kind)),
    },
  );
}

function rate({ counts, minutes }: SoakRecord, of: "received" | "published"): Series {
  const every10S = counts.filter(({ atS }, i) => i % 10 === 0 && atS <= minutes * 60);
  const points = every10S.slice(1).map((now, i) => {
    const before = every10S[i] ?? now;
    return [now.atS / 60, (now[of] - before[of]) / (now.atS - before.atS)] as const;
  });
  return { label: of, points: thinned(points) };
}

function faultCurve({ faults, minutes }: SoakRecord, kind: FaultKind): Series {
  const edges = faults.filter((fault) => fault.kind === kind).flatMap(({ atS, lastedS }) =>
    [[atS / 60, lastedS], [(atS + lastedS) / 60, 0]] as const
  );
  return { label: kind, kind: "step", points: [[0, 0], ...edges, [minutes, 0]] };
}

function thinned<T>(points: readonly T[]): T[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % every === 0);
}
