/**
 * `deno task compile [--target TRIPLE | --all] [--require-denort]`: the program as one executable for
 * each target in `dist/`, with SHA256SUMS.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import project from "../deno.json" with { type: "json" };
import { bundle } from "./compile/bundle.ts";
import { permissions } from "./compile/permissions.ts";
import { fetchRuntime } from "./compile/runtime.ts";
import { selfExtracting, sha256 } from "./compile/self_extracting.ts";
import { type Target, TARGETS } from "./compile/targets.ts";
import { V8_FLAGS } from "./compile/v8_flags.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const COMPILE_TIMEOUT_MS = 120_000;
/** What `deno compile` says where it cannot download its runtime. */
const RUNTIME_MISSING = /Setting up base binary|denort.*(not found|download)/is;

/** Version and commit: `0.1.0+1a2b3c4d5e6f`, with `.dirty` where the tree is not the commit's. */
async function releaseVersion(): Promise<string> {
  const git = async (...args: string[]) => {
    const { stdout } = await new Deno.Command("git", { args: ["-C", ROOT, ...args], stderr: "null" }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  const commit = await git("rev-parse", "--short=12", "HEAD");
  const dirty = await git("status", "--porcelain", "--untracked-files=no") === "" ? "" : ".dirty";
  return `${project.version}+${commit}${dirty}`;
}

/** Compiles with `deno compile`; false where its runtime cannot be had. */
async function compiled(target: Target, version: string, output: string): Promise<boolean> {
  const script = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeFile(script, await bundle(`${version} (compiled)`));
    // deno compile does not overwrite what it did not make.
    await Deno.remove(output).catch(() => {});
    const child = new Deno.Command(Deno.env.get("DENO_COMPILE") ?? Deno.execPath(), {
      args: [
        ...["compile", "--quiet", "--no-config", "--no-lock", "--no-check", "--target", target.triple],
        ...["--output", output, V8_FLAGS, ...permissions(target), script],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: AbortSignal.timeout(COMPILE_TIMEOUT_MS),
    });
    const { success, stderr } = await child.output();
    const message = new TextDecoder().decode(stderr);
    if (success || RUNTIME_MISSING.test(message)) return success;
    throw new Error(`deno compile failed: ${message}`);
  } finally {
    await Deno.remove(script);
  }
}

async function make(target: Target, version: string, requireDenort: boolean): Promise<string> {
  const output = `${ROOT}dist/${target.file}`;
  if (await compiled(target, version, output)) return `${target.file}: compiled`;
  if (requireDenort) {
    throw new Error(`denort for ${target.triple} cannot be downloaded, and --require-denort was given`);
  }
  console.log(
    `denort for ${target.triple} cannot be downloaded: packaging ${target.runtime} as a self-extracting file`,
  );
  const program = await bundle(`${version} (self-extracting)`);
  await Deno.writeFile(output, selfExtracting(target, version, await fetchRuntime(target), program));
  await Deno.chmod(output, 0o755);
  return `${target.file}: self-extracting`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string", default: TARGETS[0]?.triple ?? "" },
      all: { type: "boolean", default: false },
      "require-denort": { type: "boolean", default: false },
    },
  });
  const targets = TARGETS.filter(({ triple }) => values.all || triple === values.target);
  if (targets.length === 0) {
    throw new Error(`Unknown target ${values.target}; one of ${TARGETS.map(({ triple }) => triple).join(", ")}`);
  }
  await Deno.mkdir(`${ROOT}dist`, { recursive: true });
  const release = await releaseVersion();
  for (const target of targets) console.log(await make(target, release, values["require-denort"]));
  const sums = targets.map(({ file }) => `${sha256(Deno.readFileSync(`${ROOT}dist/${file}`))}  ${file}\n`);
  await Deno.writeTextFile(`${ROOT}dist/SHA256SUMS`, sums.join(""));
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
