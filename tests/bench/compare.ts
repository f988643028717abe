/**
 * `deno run -A tests/bench/compare.ts A.json B.json`: what became of each figure from one result of a benchmark to another.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { type Figure, format, type Result, table } from "./measuring/result.ts";

/** Rows of name, both values and their ratio; a figure that only one result has comes with the other missing. */
export function compare(before: readonly Figure[], after: readonly Figure[]): string[][] {
  const names = new Set([...before, ...after].map(({ name }) => name));
  return [...names].map((name) => {
    const [old, now] = [before, after].map((figures) => figures.find((figure) => figure.name === name));
    const tell = (figure: Figure | undefined) => figure === undefined ? "–" : `${format(figure.value)} ${figure.unit}`;
    const ratio = old === undefined || now === undefined ? "–" : format(now.value / old.value);
    return [name, tell(old).trimEnd(), tell(now).trimEnd(), ratio];
  });
}

if (import.meta.main) {
  const results = await Promise.all(
    Deno.args.slice(0, 2).map(async (path): Promise<Result> => JSON.parse(await Deno.readTextFile(path))),
  );
  const [a, b] = results;
  if (a === undefined || b === undefined) throw new Error("Cannot compare: name two files that --out has written");
  const about = ({ commit, measuredAt, machine }: Result) =>
    `${commit}, ${measuredAt.slice(0, 16)}, load ${machine.load}`;
  console.log(`${a.bench}\nA: ${about(a)}\nB: ${about(b)}\n`);
  console.log(table(["", "A", "B", "B / A"], compare(a.figures, b.figures)));
}
