/**
 * `deno task bench [--out FILE]`: what single steps of the program cost, `*_bench.ts` by `deno bench`, compiled as V8 does
 * by itself and with the flags of the executables.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { V8_FLAGS } from "../../scripts/compile/v8_flags.ts";
import { run } from "../support/programs.ts";
import { type Figure, report } from "./measuring/result.ts";

/** What `deno bench --json` tells of one benchmark. The least of many batches is kept: a busy machine only adds to it. */
interface Measured {
  readonly group: string | null;
  readonly name: string;
  readonly results: readonly { readonly ok?: { readonly min: number }; readonly failed?: unknown }[];
}

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

async function measure(flags: string, ...args: readonly string[]): Promise<Figure[]> {
  const text = await run(Deno.execPath(), "bench", "--quiet", "-A", "--json", ...args, FOLDER);
  const { benches }: { readonly benches: readonly Measured[] } = JSON.parse(text);
  return benches.map(({ name, results: [result] }) => {
    if (result?.ok === undefined) throw new Error(`Cannot measure "${name}": ${JSON.stringify(result?.failed)}`);
    return { name: `${flags}: ${name}`, value: result.ok.min, unit: "ns" };
  });
}

const { values: { out = null } } = parseArgs({ args: [...Deno.args], options: { out: { type: "string" } } });
const figures = [...await measure("as V8 is"), ...await measure("executable's flags", V8_FLAGS)];
await report("micro", figures, out);
