import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.ts";

const RUN = fileURLToPath(new URL("../vm/run", import.meta.url));

/** What `run --list` says of a folder with these cases. */
async function list(
  cases: Readonly<Record<string, string>>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await Deno.makeTempDir({ prefix: "bt-scanner-vm-" });
  try {
    await Deno.mkdir(`${folder}/cases`);
    await Deno.copyFile(RUN, `${folder}/run`);
    for (const [name, text] of Object.entries(cases)) await Deno.writeTextFile(`${folder}/cases/${name}.ts`, text);
    return await output(`${folder}/run`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function output(run: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("bash", { args: [run, "--list"] }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

test("tests/vm/run --list names each machine that a case is for", async () => {
  const { code, stdout } = await list({
    a: "// vm: VM_BT=none\n// on: amd64/6.1 arm64/6.12-16k\n",
    b: "// on: amd64/6.12",
  });
  assert.equal(stdout, "amd64 6.1 a\narm64 6.12-16k a\namd64 6.12 b\n");
  assert.equal(code, 0);
});

test("tests/vm/run --list fails where a case names no machine, and lists the others", async () => {
  const { code, stdout, stderr } = await list({ forgotten: "// vm: VM_BT=none\n", b: "// on: amd64/6.12" });
  assert.equal(code, 1);
  assert.equal(stdout, "amd64 6.12 b\n");
  assert.match(stderr, /forgotten\.ts: no line `\/\/ on: ARCH\/KERNEL …`/);
});

test("every case names its machines, and the executable's pages are tried in 16 KiB", async () => {
  const { code, stdout, stderr } = await output(RUN);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^arm64 6\.12-16k executable$/m);
});
