/**
 * `deno task release [--dry-run] [--tag TAG] [--executables FOLDER] [--out FOLDER]`: everything that a release
 * consists of, in `dist/release`: executables, Debian packages, container image, bills of materials, notes,
 * SHA256SUMS; then publishes it. `--dry-run` publishes nothing, and does not need a tag.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import project from "../deno.json" with { type: "json" };
import { sha256 } from "./compile/self_extracting.ts";
import { TARGETS } from "./compile/targets.ts";
import { releaseNotes } from "./release/notes.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SUMS = "SHA256SUMS";
const NOTES = "RELEASE_NOTES.md";

interface Options {
  readonly dryRun: boolean;
  readonly tag: string | null;
  readonly executables: string | null;
  readonly out: string;
}

async function release({ dryRun, tag, executables, out }: Options): Promise<void> {
  if (tag === null && !dryRun) throw new Error("What is released has a tag: --tag v1.2.3 (or --dry-run)");
  const notes = releaseNotes({
    version: project.version,
    changelog: await Deno.readTextFile(`${ROOT}CHANGELOG.md`),
    tag,
  });
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await Deno.mkdir(out, { recursive: true });
  if (executables === null) await script("compile.ts", "--all", "--out", out);
  else for (const { file } of TARGETS) await copyExecutable(`${executables}/${file}`, `${out}/${file}`);
  for (const [arch, file] of [["amd64", "bt-scanner-linux-x64"], ["arm64", "bt-scanner-linux-arm64"]] as const) {
    await script("package.ts", "--arch", arch, "--executable", `${out}/${file}`, "--out", out);
  }
  await script("image.ts", "--packages", out);
  await Deno.writeTextFile(`${out}/${NOTES}`, notes);
  await writeSums(out);
  if (!dryRun && tag !== null) await run(`${ROOT}scripts/release/publish`, tag, out);
}

/** What came by way of an archive may no longer be executable. */
async function copyExecutable(from: string, to: string): Promise<void> {
  await Deno.copyFile(from, to);
  await Deno.chmod(to, 0o755);
}

/** SHA-256 of everything that is published but the notes. */
async function writeSums(out: string): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(out), ({ name }) => name)).filter((name) =>
    name !== NOTES && name !== SUMS
  );
  const lines: string[] = [];
  for (const name of names.sort()) lines.push(`${sha256(await Deno.readFile(`${out}/${name}`))}  ${name}\n`);
  await Deno.writeTextFile(`${out}/${SUMS}`, lines.join(""));
  console.log(lines.join("").trimEnd());
}

function script(name: string, ...args: readonly string[]): Promise<void> {
  return run(Deno.execPath(), "run", "-A", `${ROOT}scripts/${name}`, ...args);
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { code } = await new Deno.Command(program, { args: [...args], cwd: ROOT, stdin: "null" }).spawn().status;
  if (code !== 0) throw new Error(`${[program, ...args].join(" ")} ended with ${code}`);
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        "dry-run": { type: "boolean", default: false },
        tag: { type: "string" },
        executables: { type: "string" },
        out: { type: "string", default: `${ROOT}dist/release` },
      },
    });
    const { "dry-run": dryRun, tag = null, executables = null, out } = values;
    await release({ dryRun, tag, executables, out });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
