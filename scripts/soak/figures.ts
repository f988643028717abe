import { drawPlot } from "../plot.ts";
import { FAULT_KINDS } from "./faults.ts";
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
    `  lost: ${last?.dropped_offline} offline, ${last?.dropped_backpressure} backpressure, ${last?.missed} missed`,
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

/** Memory, rates and faults over time. */
export function plotSoak(record: SoakRecord): string {
  const xLabel = "minutes";
  const { memory, faults } = record;
  const memoryCurve = (label: string, of: (each: SoakRecord["memory"][number]) => number) => ({
    label,
    points: thinned(memory).map((each) => [each.atS / 60, of(each) / 1024] as const),
  });
  return drawPlot(
    {
      title: "Memory of the agent",
      xLabel,
      yLabel: "MiB",
      series: [memoryCurve("RSS", (each) => each.rssKiB), memoryCurve("private", (each) => each.privateKiB)],
    },
    {
      title: "Reports received and published, mean of 10 s",
      xLabel,
      yLabel: "per second",
      series: [rate(record, "received"), rate(record, "published")],
    },
    {
      title: "Faults: when and how long, and how soon after their end messages came again",
      xLabel,
      yLabel: "seconds",
      series: FAULT_KINDS.map((kind) => ({
        label: kind,
        kind: "step",
        points: [
          [0, 0],
          ...faults.filter((fault) => fault.kind === kind).flatMap(({ atS, lastedS, recoveredAfterS }) =>
            [
              [atS / 60, recoveredAfterS ?? 0],
              [(atS + lastedS) / 60, 0],
            ] as const
          ),
          [record.minutes, 0],
        ],
      })),
    },
  );
}

function rate({ counts }: SoakRecord, of: "received" | "published") {
  const every10S = counts.filter((_, i) => i % 10 === 0);
  const points = every10S.slice(1).map((now, i) => {
    const before = every10S[i] ?? now;
    return [now.atS / 60, (now[of] - before[of]) / (now.atS - before.atS)] as const;
  });
  return { label: of, points: thinned(points) };
}

function thinned<T>(points: readonly T[]): T[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % every === 0);
}
