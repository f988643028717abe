/**
 * What a benchmark has to say: a table for people, JSON for comparing.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { runToEnd } from "../../support/programs.ts";

/** One measured value. */
export interface Figure {
  /** What was measured; two results are compared by it. */
  readonly name: string;
  readonly value: number;
  /** Of the value; empty: a ratio. */
  readonly unit: string;
}

/** One figure over time, for a plot. */
export interface Curve {
  readonly label: string;
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

/** All of one benchmark, as its JSON file holds it. */
export interface Result {
  readonly bench: string;
  readonly measuredAt: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly figures: readonly Figure[];
  readonly curves?: readonly Curve[];
}

/** Where it was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly deno: string;
  /** Processes that wanted to run, on average over the last minute before the end: above `cores`, times are no good. */
  readonly load: number;
}

/** Prints the figures as a table, and writes them to `path` where there is one. */
export async function report(
  bench: string,
  figures: readonly Figure[],
  path: string | null,
  curves: readonly Curve[] = [],
): Promise<void> {
  const commit = (await runToEnd("git", ["describe", "--always", "--dirty"])).stdout.trim();
  const machine = await describeMachine();
  const measuredAt = new Date().toISOString();
  const result: Result = { bench, measuredAt, commit, machine, figures, ...curves.length > 0 && { curves } };
  const { cpu, cores, kernel, deno, load } = machine;
  console.log(`${bench}: ${commit}, Deno ${deno}, ${cores} × ${cpu}, Linux ${kernel}, load ${load}\n`);
  console.log(table(["", "value", "unit"], figures.map(({ name, value, unit }) => [name, format(value), unit])));
  if (path !== null) await Deno.writeTextFile(path, JSON.stringify(result, null, 2) + "\n");
}

/**
 * Holds the figures whose names end with `name` to a limit; null: none.
 *
 * @throws {Error} that names them, where some are beyond it
 */
export function holdTo(
  figures: readonly Figure[],
  name: string,
  bound: "at most" | "at least",
  limit: number | null,
): void {
  if (limit === null) return;
  const held = figures.filter((figure) => figure.name.endsWith(name));
  if (held.length === 0) throw new Error(`Nothing was measured that is called "${name}"`);
  const beyond = held.filter(({ value }) => !(bound === "at most" ? value <= limit : value >= limit));
  if (beyond.length === 0) return;
  const told = beyond.map(({ name, value, unit }) => `${name} ${format(value)} ${unit}`.trimEnd());
  throw new Error(`It is to be ${bound} ${limit}: ${told.join("; ")}`);
}

/** A Markdown table; all columns but the first are set right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join(" | ")} |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** Three digits that count; whole numbers from 100 on. */
export function format(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}

/** The middle one; of an even number the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** The value that a share of all, 0 to 1, does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? NaN;
}

async function describeMachine(): Promise<Machine> {
  const cpus = await Deno.readTextFile("/proc/cpuinfo");
  return {
    cpu: /^(?:model name|Model)\s*: (.*)$/m.exec(cpus)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    load: Deno.loadavg()[0] ?? NaN,
  };
}
