/**
 * `deno task compile [--target TRIPLE | --all] [--require-denort] [--out FOLDER]`: the program as one
 * executable for each target in `dist/`, with SHA256SUMS. The same commit gives the same bytes.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "./compile/bundle.ts";
import { compile, whyNoDenort } from "./compile/denort.ts";
import { whyNotLoadable } from "./compile/elf.ts";
import { fetchRuntime } from "./compile/runtime.ts";
import { selfExtracting, sha256 } from "./compile/self_extracting.ts";
import { type Target, TARGETS } from "./compile/targets.ts";
import { tryOut } from "./compile/try_out.ts";
import { versionAndCommit } from "./compile/version.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const EXIT_USAGE = 2;

class UsageError extends Error {}

/** What `deno compile` makes of it, as a path in `folder`; where that cannot be shipped, why. */
async function compiled(target: Target, version: string, folder: string): Promise<{ path: string } | { why: string }> {
  const missing = await whyNoDenort(target);
  if (missing !== null) return { why: `its runtime cannot be downloaded: ${missing}` };
  const path = await compile(target, await bundle(version), folder);
  const why = whyNotLoadable(await Deno.readFile(path), target.largestPageBytes);
  return why === null ? { path } : { why: `what it makes would not start everywhere: ${why}` };
}

/** Makes the executable for one target, and returns its path in `folder`. */
async function make(target: Target, version: string, requireDenort: boolean, folder: string): Promise<string> {
  const result = await compiled(target, `${version} (compiled)`, folder);
  if ("path" in result) {
    await tryOut(result.path, target, `${version} (compiled)`, folder);
    return result.path;
  }
  const refusal = `No \`deno compile\` for ${target.triple}: ${result.why}`;
  if (requireDenort) throw new Error(refusal);
  console.log(`${refusal}\nPackaging ${target.runtime} instead, self-extracting`);
  const kind = `${version} (self-extracting)`;
  const path = `${folder}/${target.file}`;
  const file = selfExtracting(target, kind, await fetchRuntime(target), await bundle(kind));
  await Deno.writeFile(path, file, { mode: 0o755 });
  await tryOut(path, target, kind, folder);
  return path;
}

/** Makes them in a folder of their own; what is in `out` stays as it is until one is ready. */
async function makeAll(targets: readonly Target[], requireDenort: boolean, out: string): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  const version = await versionAndCommit();
  for (const target of targets) {
    const folder = await Deno.makeTempDir({ dir: out, prefix: ".compile-" });
    try {
      const made = await make(target, version, requireDenort, folder);
      await Deno.chmod(made, 0o755);
      await Deno.rename(made, `${out}/${target.file}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  const sums: string[] = [];
  for (const { file } of TARGETS) {
    const bytes = await Deno.readFile(`${out}/${file}`).catch(() => null);
    if (bytes === null) continue;
    sums.push(`${sha256(bytes)}  ${file}\n`);
    console.log(`${out}/${file}: ${(bytes.length / 1e6).toFixed(1)} MB, SHA-256 ${sha256(bytes)}`);
  }
  await Deno.writeTextFile(`${out}/SHA256SUMS`, sums.join(""));
}

function parse(args: readonly string[]): { targets: Target[]; requireDenort: boolean; out: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        target: { type: "string", default: TARGETS[0]?.triple ?? "" },
        all: { type: "boolean", default: false },
        "require-denort": { type: "boolean", default: false },
        out: { type: "string", default: `${ROOT}dist` },
      },
    });
    const targets = TARGETS.filter(({ triple }) => values.all || triple === values.target);
    if (targets.length > 0) return { targets, requireDenort: values["require-denort"], out: values.out };
    throw new Error(`Unknown target ${values.target}: there are ${TARGETS.map(({ triple }) => triple).join(" and ")}`);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

if (import.meta.main) {
  try {
    const { targets, requireDenort, out } = parse(Deno.args);
    await makeAll(targets, requireDenort, out);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(error instanceof UsageError ? EXIT_USAGE : 1);
  }
}
