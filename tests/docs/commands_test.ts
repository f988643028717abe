/**
 * Each block of commands in README, CONTRIBUTING and docs says after its fence what becomes of it:
 *
 * - nothing: it is run here;
 * - `by=FILE`: it is run by that test, or by `.ci/run`;
 * - `pi`: it needs a Raspberry Pi, another machine, or root's system;
 * - `long`: it runs for minutes to hours.
 *
 * The options of the last two are looked up all the same.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import denoJson from "../../deno.json" with { type: "json" };
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { Program, sourceCommandLine } from "../support/program.ts";
import { Subscriber } from "../support/subscriber.ts";
import { test } from "../support/test.ts";
import { type Block, blocks, document, documents } from "./markdown.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MARK = /^(|pi|long|by=(\S+))$/;

const COMMANDS = documents()
  .filter(({ path }) => /^(README|CONTRIBUTING|docs\/[\w-]+)\.md$/.test(path))
  .flatMap((document) => blocks(document, "sh"));

test("each block of commands is run by a test, or says why not", () => {
  assert.ok(COMMANDS.length > 20);
  assert.deepEqual(COMMANDS.filter(({ mark }) => !MARK.test(mark)), []);
  const by = COMMANDS.flatMap(({ mark }) => MARK.exec(mark)?.[2] ?? []);
  for (const path of by) assert.ok(Deno.statSync(`${ROOT}${path}`).isFile, path);
});

for (const [index, { path, text }] of COMMANDS.filter(({ mark }) => mark === "").entries()) {
  test(`the commands of ${path} work: ${text.split("\n")[0]} (${index + 1})`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const { code, stdout, stderr } = await runBlock(text, folder);
      assert.equal(code, 0, stderr);
      assert.notEqual(stdout, "");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

mosquittoTest("README's first message without an adapter arrives", async () => {
  const line = blocks(document("README.md"), "sh").map(({ text }) => text).find((text) => text.includes("simulate"));
  const [, told] = /^npx -y deno@[\d.]+ task start (.+)\n$/.exec(line ?? "") ?? [];
  assert.ok(told, `${line}`);
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/scanner-01/#");
  await using _program = new Program([
    "run",
    "--no-config",
    ...told.split(" ").map((arg) => arg === "mqtt://localhost" ? `${arg}:${broker.port}` : arg),
  ]);
  await subscriber.until(1);
});

test("the options in documents exist", () => {
  const used = COMMANDS.flatMap(optionsOfProgram);
  assert.ok(used.length > 10);
  for (const command of new Set(used.map(({ command }) => command))) {
    const help = helpOf(command);
    const options = used.filter((one) => one.command === command).map(({ option }) => option);
    assert.deepEqual(options.filter((option) => !new RegExp(`(^|[ ,])${option}\\b`, "m").test(help)), [], command);
  }
});

test("the options of tasks in documents are those of the task", () => {
  const used = COMMANDS.flatMap(({ text }) =>
    [...text.matchAll(/deno task (chaos|soak|fuzz|compile|package) (.*)/g)].flatMap(([, task = "", rest = ""]) =>
      [...withoutComment(rest).matchAll(/(?<=--)[a-z-]+/g)].map(([option]) => ({ task, option }))
    )
  );
  assert.ok(used.length > 5);
  const missing = used.filter(({ task, option }) => !new RegExp(`\\b${option}"?: \\{`).test(sourceOf(task)));
  assert.deepEqual(missing, []);
});

/** The commands as a shell runs them, with `bt-scanner` from source and `config/` where they expect it. */
async function runBlock(text: string, folder: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const run = [Deno.execPath(), "run", "--allow-all", "--no-check", "--node-modules-dir=manual", `${ROOT}src/main.ts`];
  const program = `#!/bin/sh\nexec ${run.map((word) => `'${word}'`).join(" ")} "$@"\n`;
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/bt-scanner`, program, { mode: 0o755 });
  await Deno.symlink(`${ROOT}config`, `${folder}/config`);
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", text],
    cwd: folder,
    env: { PATH: `${folder}/bin:${Deno.env.get("PATH")}`, BT_SCANNER_CONFIG: "" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What the program is told in this block, command by command. */
function optionsOfProgram({ text }: Block): { command: string; option: string }[] {
  const lines = text.replaceAll("\\\n", " ").split("\n").map((line) => withoutComment(line).split(/ [|>] /)[0] ?? "");
  return lines.flatMap((line) => {
    const [, command = line.includes("task start") ? "run" : "", rest = ""] =
      /(?:bt-scanner|task start)(?: ([a-z]+))?( .*)?$/.exec(line) ?? [];
    return [...rest.matchAll(/--[a-z-]+/g)].map(([option]) => ({ command, option }));
  });
}

function withoutComment(line: string): string {
  return line.replace(/ {2,}#.*/, "");
}

function helpOf(command: string): string {
  const [deno = "", ...args] = sourceCommandLine();
  const { stdout } = new Deno.Command(deno, { args: [...args, command, "--help"], cwd: ROOT }).outputSync();
  return new TextDecoder().decode(stdout);
}

/** The text of the program that a task runs. */
function sourceOf(task: string): string {
  const { command } = denoJson.tasks[task as keyof typeof denoJson.tasks];
  return Deno.readTextFileSync(`${ROOT}${command.split(" ").at(-1)}`);
}
