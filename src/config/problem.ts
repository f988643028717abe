import { escapeInvisible } from "../text/mod.ts";
import type { LoadedConfig } from "./load.ts";

/** Something that a person has to fix. */
export interface ConfigProblem {
  /** `config.yaml:4:9`, `BT_SCANNER_LOG_LEVEL`, `--qos`; null if it has no place, as a missing key. */
  readonly source: string | null;
  /** `mqtt.broker.port`; null if it is not about a key. */
  readonly key: string | null;
  /** The value as written, `***` for a secret; null if it does not matter. */
  readonly value: string | null;
  /** What is wrong. */
  readonly problem: string;
  /** What to do about it; null if that goes without saying. */
  readonly remedy: string | null;
}

/** The configuration cannot be used; lists every problem at once. */
export class ConfigError extends Error {
  /** Tells it from other errors. */
  override readonly name = "ConfigError";

  /** What is wrong, in the order of the file. */
  readonly problems: readonly ConfigProblem[];

  /**
   * Lists all `problems` in its message.
   *
   * @param warnings what is doubtful in addition
   * @param partial the configuration with defaults in place of rejected values, for inspection only
   */
  constructor(
    problems: readonly ConfigProblem[],
    readonly warnings: readonly ConfigProblem[] = [],
    readonly partial: LoadedConfig | null = null,
  ) {
    problems = inFileOrder(problems);
    const most = 50;
    const lines = problems.slice(0, most).map(renderProblem);
    if (problems.length > most) lines.push(`and ${problems.length - most} more`);
    const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
    super(`The configuration has ${count}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
    this.problems = problems;
  }
}

/** Problems in the order of the file; those without a place in it come last. */
export function inFileOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const place = ({ source }: ConfigProblem) => /:([0-9]+):([0-9]+)$/.exec(source ?? "")?.slice(1).map(Number) ?? [];
  return problems.toSorted((a, b) => {
    const [lineA = Infinity, columnA = 0] = place(a);
    const [lineB = Infinity, columnB = 0] = place(b);
    return lineA === lineB ? columnA - columnB : lineA - lineB;
  });
}

/**
 * A problem as one line.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { renderProblem } from "./problem.ts";
 *
 * const line = renderProblem({
 *   source: "config.yaml:4:9",
 *   key: "mqtt.broker.port",
 *   value: "70000",
 *   problem: "expected a whole number from 1 to 65535, got 70000",
 *   remedy: null,
 * });
 * assert.equal(line, "config.yaml:4:9: mqtt.broker.port: expected a whole number from 1 to 65535, got 70000");
 * ```
 */
export function renderProblem({ source, key, problem, remedy }: ConfigProblem): string {
  const place = [source, key].filter((part) => part !== null);
  return escapeInvisible([...place, remedy === null ? problem : `${problem}; ${remedy}`].join(": "));
}

/** A value as a person would write it, shortened; `***` if it is or may be a secret. */
export function show(value: unknown, secret = false): string {
  if (value === null || value === undefined || value === "") return value === "" ? '""' : "nothing";
  if (secret) return "***";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string") return String(value);
  if (/[:/].*@/s.test(value)) return "***"; // credentials in a URL, or in what is left of one
  const most = 100;
  return quote(value.length > most ? `${value.slice(0, most)}…` : value);
}

/** Text in double quotes, as JSON and YAML both read it. */
export function quote(text: string): string {
  return escapeInvisible(JSON.stringify(text));
}

/** The candidate that was probably meant by `word`, or null. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = plain(word);
  const mostEdits = Math.max(1, Math.floor(wanted.length / 3));
  let best: { readonly candidate: string; readonly edits: number } | null = null;
  for (const candidate of candidates) {
    if (Math.abs(plain(candidate).length - wanted.length) > mostEdits) continue;
    const edits = editDistance(wanted, plain(candidate));
    if (edits <= mostEdits && edits < (best?.edits ?? Infinity)) best = { candidate, edits };
  }
  return best?.candidate ?? null;
}

/** The word that was probably meant by `said`, or null: `warn` is short for `warning`. */
export function meant(said: string, words: readonly string[]): string | null {
  const word = YES_AND_NO[said.toLowerCase()] ?? said.toLowerCase();
  const related = (each: string) => word.length > 1 && (each.startsWith(word) || word.startsWith(each));
  return words.find(related) ?? nearest(word, words);
}

/** What YAML once took for booleans, and no longer does. */
const YES_AND_NO: Readonly<Record<string, string>> = { yes: "true", on: "true", no: "false", off: "false" };

/** keepAlive, keep-alive and keep_alive are all the same here. */
function plain(word: string): string {
  return word.slice(0, 100).toLowerCase().replace(/[_-]/g, "");
}

/** How many insertions, deletions, substitutions and transpositions turn one word into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
        ? (beforeLast[j - 2] ?? 0) + 1
        : Infinity;
      row.push(Math.min(replaced, swapped, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length] ?? 0;
}
