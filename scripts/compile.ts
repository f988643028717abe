/**
 * `deno task compile [--target TRIPLE | --all] [--require-denort] [--out FOLDER]`: the program as one
 * executable for each target in `dist/`, with SHA256SUMS. The same commit gives the same bytes.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import project from "../deno.json" with { type: "json" };
import { bundle } from "./compile/bundle.ts";
import { compile, whyNoDenort } from "./compile/denort.ts";
import { fetchRuntime } from "./compile/runtime.ts";
import { selfExtracting, sha256 } from "./compile/self_extracting.ts";
import { type Target, TARGETS } from "./compile/targets.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const EXIT_USAGE = 2;

class UsageError extends Error {}

/** Version and commit: `0.1.0+1a2b3c4d5e6f`, with `-dirty` where the tree is not the commit's. */
async function versionAndCommit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> => {
    const { success, stdout } = await new Deno.Command("git", { args: ["-C", ROOT, ...args], stderr: "null" }).output();
    if (!success) throw new Error(`git ${args.join(" ")} failed`);
    return new TextDecoder().decode(stdout).trim();
  };
  try {
    const commit = await git("rev-parse", "--short=12", "HEAD");
    const changes = await git("status", "--porcelain", "--untracked-files=no");
    return `${project.version}+${commit}${changes === "" ? "" : "-dirty"}`;
  } catch {
    return `${project.version}+unknown`;
  }
}

/** Makes the executable for one target, and returns its path in `folder`. */
async function make(target: Target, version: string, requireDenort: boolean, folder: string): Promise<string> {
  const reason = await whyNoDenort(target);
  if (reason === null) {
    return await compile(target, await bundle(`${version} (compiled)`), folder);
  }
  if (requireDenort) throw new Error(`Cannot download denort for ${target.triple}: ${reason}`);
  console.log(`Cannot download denort for ${target.triple} (${reason}): packaging ${target.runtime}, self-extracting`);
  const kind = `${version} (self-extracting)`;
  const path = `${folder}/${target.file}`;
  await Deno.writeFile(path, selfExtracting(target, kind, await fetchRuntime(target), await bundle(kind)));
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
