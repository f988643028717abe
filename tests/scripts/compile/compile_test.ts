import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { whyNotLoadable } from "../../../scripts/compile/elf.ts";
import { fetchRuntime } from "../../../scripts/compile/runtime.ts";
import { type Target, TARGETS } from "../../../scripts/compile/targets.ts";
import { tryOut } from "../../../scripts/compile/try_out.ts";
import { type ProgramEnd, runToEnd } from "../../support/programs.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";
import { test } from "../../support/test.ts";
import { thisMachine } from "./packaged.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** What a build takes of the project. */
const SOURCES = ["scripts", "src", "deno.json", "deno.lock", "package.json"];
const VERSION = "1.2.3 (a test)";

const [ARM64] = TARGETS as readonly [Target, ...Target[]];

/** Runs it, without what a test run's own environment says of compiling. */
function run(cwd: string, program: string, ...args: string[]): Promise<ProgramEnd> {
  const { DENO_COMPILE: _, DENORT_BIN: __, ...env } = Deno.env.toObject();
  return runToEnd(program, args, { cwd, clearEnv: true, env: { ...env, NO_COLOR: "1" } });
}

/** The project's bundle, made in a copy of it. */
async function bundleIn(checkout: string, files: Readonly<Record<string, string>>): Promise<string> {
  await Deno.mkdir(checkout, { recursive: true });
  for (const [path, text] of Object.entries(files)) await Deno.writeTextFile(path, text);
  await run(ROOT, "cp", "-r", ...SOURCES, checkout);
  const program = `${checkout}/program.mjs`;
  const made = await run(checkout, Deno.execPath(), "run", "-A", "scripts/compile/bundle.ts", VERSION, program);
  assert.equal(made.code, 0, made.stderr);
  return program;
}

test("the program is the same, and runs, whatever lies in the folders above the checkout", async () => {
  await using folder = await TemporaryFolder.make();
  const plain = await bundleIn(`${folder.path}/plain/checkout`, {});
  const below = `${folder.path}/below`;
  await Deno.mkdir(below);
  const other = await bundleIn(`${below}/some/where/checkout`, {
    [`${below}/package.json`]: '{ "type": "commonjs", "sideEffects": false, "workspaces": ["some/where/*"] }',
    [`${below}/some/tsconfig.json`]: '{ "compilerOptions": { "target": "es5", "useDefineForClassFields": false } }',
  });
  assert.ok(await Deno.readTextFile(plain) === await Deno.readTextFile(other), "they differ");
  const { stdout, stderr } = await run(below, Deno.execPath(), "run", "-A", "--no-config", other, "--version");
  assert.equal(stdout, `${VERSION}\n`, stderr);
});

test("the version is not that of a repository around the checkout", async () => {
  await using folder = await TemporaryFolder.make();
  await run(folder.path, "git", "init", "--quiet");
  const author = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
  await run(folder.path, "git", ...author, "commit", "--quiet", "--allow-empty", "--message", "theirs");
  await Deno.mkdir(`${folder.path}/checkout`);
  await run(ROOT, "cp", "-r", ...SOURCES, `${folder.path}/checkout`);
  const print = 'const { versionAndCommit } = await import("./scripts/compile/version.ts");' +
    "console.log(await versionAndCommit());";
  const { stdout, stderr } = await run(`${folder.path}/checkout`, Deno.execPath(), "eval", print);
  assert.match(stdout, /\+unknown\n$/, stderr);
});

test("what deno compile makes for ARM64 is not shipped where a kernel with large pages cannot load it", async () => {
  await using folder = await TemporaryFolder.make();
  // Deno itself in place of its smaller runtime, which is not on npm: what is appended to either is the same.
  await Deno.writeFile(`${folder.path}/runtime`, await fetchRuntime(ARM64), { mode: 0o755 });
  const args = ["run", "-A", "scripts/compile.ts", "--target", ARM64.triple, "--out", `${folder.path}/dist`];
  const compile = ["env", `DENORT_BIN=${folder.path}/runtime`, Deno.execPath(), ...args] as const;
  const refused = await run(ROOT, ...compile, "--require-denort");
  assert.equal(refused.code, 1);
  const refusal = /No `deno compile` for aarch64-\S+: .* segments at 0x\w+ and 0x\w+ share a page of 64 KiB/;
  assert.match(refused.stderr, refusal);
  const { code, stdout, stderr } = await run(ROOT, ...compile);
  assert.equal(code, 0, stderr);
  assert.match(stdout, refusal);
  const made = await Deno.readFile(`${folder.path}/dist/${ARM64.file}`);
  assert.equal(new TextDecoder().decode(made.subarray(0, 10)), "#!/bin/sh\n");
});

test("the runtimes that are packaged can be loaded whatever the size of pages", async () => {
  for (const target of TARGETS) assert.equal(whyNotLoadable(await fetchRuntime(target), target.largestPageBytes), null);
});

test("what does not run, or says another version, is not called made", async () => {
  await using folder = await TemporaryFolder.make();
  const file = `${folder.path}/made`;
  const make = (script: string) => Deno.writeTextFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await make(`echo '${VERSION}'`);
  assert.equal(await tryOut(file, thisMachine(), VERSION, folder.path), true);
  await make("echo SyntaxError: Unexpected reserved word >&2; exit 1");
  await assert.rejects(
    tryOut(file, thisMachine(), VERSION, folder.path),
    /--version ends with 1: SyntaxError: Unexpected/,
  );
  await make("kill -SEGV $$");
  await assert.rejects(tryOut(file, thisMachine(), VERSION, folder.path), /--version is ended by SIGSEGV/);
  await make("echo 1.2.2");
  await assert.rejects(tryOut(file, thisMachine(), VERSION, folder.path), /--version ends with 0: 1\.2\.2/);
});

test("what was made for another machine is not run", async () => {
  assert.equal(await tryOut("/nowhere", { triple: "sparc64-unknown-linux-gnu" }, VERSION, "/nowhere"), false);
});
