import { problemsOf, type Result, seconds } from "./result.ts";

/** A table in Markdown, a line for each fault in the order of its first result. */
export function summarise(results: readonly Result[]): string {
  const byFault = Map.groupBy(results, ({ fault }) => fault);
  const rows = [...byFault].map((
    [fault, each],
  ) => [fault, String(each.length), ...back(each), lost(each), verdict(each)]);
  const head = ["fault", "times", "back after: least", "median", "most", "allowed", "reports lost, on average", ""];
  const table = [head, head.map(() => ""), ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill: string) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`;
  return table.map((row, index) => line(row, index === 1 ? "-" : " ")).join("\n");
}

/** Least, median, most, allowed, in seconds. */
function back(results: readonly Result[]): string[] {
  const times = results.map(({ recoveryMs }) => recoveryMs ?? Infinity).toSorted((a, b) => a - b);
  const median = times[Math.floor((times.length - 1) / 2)];
  return [times[0], median, times.at(-1), results[0]?.goalMs].map((ms = NaN) =>
    ms < Infinity ? `${seconds(ms)} s` : "never"
  );
}

/** Averages of what was counted. */
function lost(results: readonly Result[]): string {
  const names = new Set(results.flatMap(({ lost }) => Object.keys(lost)));
  const averages = Array.from(names, (name) => {
    const sum = results.reduce((total, { lost }) => total + (lost[name] ?? 0), 0);
    return { name, average: Math.round(sum / results.length) };
  });
  return averages.filter(({ average }) => average > 0).map(({ name, average }) => `${name} ${average}`).join(", ") ||
    "none";
}

function verdict(results: readonly Result[]): string {
  const failed = results.filter((result) => problemsOf(result).length > 0).length;
  return failed === 0 ? "ok" : `${failed} failed`;
}
