import assert from "node:assert/strict";
import { completionScript } from "../../src/cli/completion/mod.ts";
import { describeCli } from "../../src/cli/describe.ts";
import { runToEnd, testWith } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

/** In place of the program: shows its arguments as it got them. */
const STAND_IN = "bt-scanner() { printf '<%s>' \"$@\"; echo; }";

/** What is typed, Tab as \t, and what the program gets of it in each shell; FOLDER has a space in its name. */
const TYPED: readonly (readonly [typed: string, got: string])[] = [
  ["ru\t--sou\tsim\t", "<run><--source><simulate>"],
  ["run --log-format=j\t", "<run><--log-format=json>"],
  ["run --passive --replay-l\t", "<run><--passive><--replay-loop>"],
  ["schema me\t", "<schema><message>"],
  ["completion z\t", "<completion><zsh>"],
  ["--v\t", "<--version>"],
  ["check --conf\t FOLDER/uni\t", "<check><--config><FOLDER/unique.yaml>"],
  ["run --adapter uni\t", "<run><--adapter><uni>"],
];

/** Types into an interactive shell, in a folder with one file, and compares what the program gets. */
async function compareTyped(shell: string, script: "bash" | "zsh", setUp: string): Promise<void> {
  await using temporary = await TemporaryFolder.make();
  const folder = `${temporary.path}/a folder`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/unique.yaml`, "");
  await Deno.writeTextFile(`${folder}/script`, completionScript(script, describeCli()));
  const lines = TYPED.map(([typed]) => `bt-scanner ${typed.replace("FOLDER", folder.replace(" ", "\\ "))}`);
  const begin = `cd ${folder.replace(" ", "\\ ")}; ${setUp} source ./script; ${STAND_IN}`;
  const output = await typeInto(shell, [begin, ...lines, "exit", ""].join("\n"));
  const got = [...output.matchAll(/^(<.*>)\r$/gm)].map(([, line = ""]) => line);
  // zsh puts the value of an option behind "=".
  assert.deepEqual(
    got.map((line) => line.replaceAll(/(?<=<--[\w-]+)=/g, "><").replaceAll(folder, "FOLDER")),
    TYPED.map(([, line]) => line.replaceAll("=", "><")),
    output,
  );
}

/** What a shell on a terminal shows while this is typed. */
async function typeInto(shell: string, text: string): Promise<string> {
  const process = new Deno.Command("timeout", {
    args: ["60", "script", "-qec", shell, "/dev/null"],
    env: { TERM: "dumb", HISTFILE: "" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  const { stdout } = await process.output();
  await writer.close().catch(() => {});
  return new TextDecoder().decode(stdout);
}

testWith(["bash", "script"], "completionScript() completes in bash", () => compareTyped("bash --norc -i", "bash", ""));

testWith(["zsh", "script"], "completionScript() completes in zsh", () => {
  return compareTyped("zsh -f -i", "zsh", "autoload -U compinit; compinit -D;");
});

testWith(["fish"], "completionScript() completes in fish", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(`${folder.path}/unique.yaml`, "");
  await Deno.writeTextFile(`${folder.path}/script`, completionScript("fish", describeCli()));
  const complete = async (line: string): Promise<string[]> => {
    const args = ["--no-config", "-c", 'source script; complete -C "$argv"', line];
    const { stdout, stderr } = await runToEnd("fish", args, { cwd: folder.path, env: { HOME: folder.path } });
    assert.equal(stderr, "");
    return stdout.trimEnd().split("\n").map((each) => each.split("\t", 1)[0] ?? "");
  };
  assert.deepEqual(await complete("bt-scanner ru"), ["run"]);
  assert.deepEqual(await complete("bt-scanner run --sou"), ["--source"]);
  assert.deepEqual(await complete("bt-scanner run --source s"), ["simulate"]);
  assert.deepEqual(await complete("bt-scanner run --log-format=j"), ["--log-format=json"]);
  assert.deepEqual(await complete("bt-scanner schema stat"), ["stats", "status"]);
  assert.deepEqual(await complete("bt-scanner check --config uni"), ["unique.yaml"]);
  assert.deepEqual(await complete("bt-scanner run --adapter uni"), [""]);
  assert.deepEqual(await complete("bt-scanner run uni"), [""]);
});
