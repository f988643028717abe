import { parseArgs } from "node:util";
import { findProgram } from "../../support/programs.ts";

/** A way of running the program. */
export interface Subject {
  readonly name: string;
  /** Program and arguments in front of the program's own. */
  readonly command: readonly string[];
  /** The folder that it unpacks to: an executable removes from there what another one has unpacked. */
  readonly cache: string;
}

/** What a benchmark is told on its command line. */
export interface BenchOptions {
  /** What is measured: never empty. */
  readonly subjects: readonly Subject[];
  /** Where the result goes as JSON; null: nowhere. */
  readonly out: string | null;
  /** Of each measurement. */
  readonly seconds: number;
  /** How often each measurement is made; what is told is the median. */
  readonly rounds: number;
  /** Beyond which the benchmark fails; null: it never does. */
  readonly limit: number | null;
}

const EXECUTABLE = `dist/bt-scanner-linux-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;

/**
 * Reads `[--seconds N] [--rounds N] [--limit N] [--out FILE] [NAME=COMMAND …]`: without a command, the executable that
 * `deno task compile` made.
 *
 * @param numbers further options, each with its default
 * @throws {Error} where a program that is to be measured, or of `programs`, does not exist
 */
export function readOptions<Name extends string = never>(
  defaults: Pick<BenchOptions, "seconds" | "rounds">,
  programs: readonly string[] = ["mosquitto"],
  numbers: Readonly<Record<Name, number>> = {} as Record<Name, number>,
): BenchOptions & Readonly<Record<Name, number>> {
  const own = Object.entries<number>(numbers);
  const { values: { out = null, seconds, rounds, limit, ...rest }, positionals } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      ...Object.fromEntries(own.map(([name]) => [name, { type: "string" } as const])),
      out: { type: "string" },
      seconds: { type: "string" },
      rounds: { type: "string" },
      limit: { type: "string" },
    },
  });
  const given: Readonly<Record<string, string | undefined>> = rest;
  const named = (positionals.length > 0 ? positionals : [`bt-scanner=${EXECUTABLE}`]).map((text) => {
    const [name = "", ...command] = text.split("=");
    return { name, command: command.join("=").split(" ") };
  });
  for (const { name, command: [program = ""] } of named) {
    const exists = program.includes("/") ? isFile(program) : findProgram(program) !== null;
    if (!exists) throw new Error(`Cannot measure ${name}: there is no ${program}; make it with \`deno task compile\``);
  }
  const missing = programs.filter((program) => findProgram(program) === null);
  if (missing.length > 0) throw new Error(`Not installed: ${missing.join(", ")}`);
  const caches = `${Deno.env.get("TMPDIR") ?? "/tmp"}/bt-scanner-bench-${Deno.pid}`;
  return {
    subjects: named.map(({ name, command }, index) => {
      const cache = `${caches}-${index}`;
      return { name, command: ["env", `BT_SCANNER_CACHE=${cache}`, ...command], cache };
    }),
    out,
    limit: limit === undefined ? null : Number(limit),
    seconds: seconds === undefined ? defaults.seconds : Number(seconds),
    rounds: rounds === undefined ? defaults.rounds : Number(rounds),
    ...Object.fromEntries(own.map(([name, value]) => [name, Number(given[name] ?? value)])) as Record<Name, number>,
  };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
