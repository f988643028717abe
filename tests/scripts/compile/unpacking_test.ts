import assert from "node:assert/strict";
import { run } from "../../support/programs.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Packaged, PROGRAM, rootTest, startUnpacking } from "./packaged.ts";

/** Starts a program as the first process of a container. */
const AS_PID_1 = ["unshare", "--pid", "--fork", "--kill-child"];
/** Starts a program that sees an empty /root. */
const WITH_EMPTY_ROOT_HOME = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /root && exec "$@"', "sh"];
/** What it unpacks of: the runtime and the program. */
const PARTS = 2;

/** Puts a program before those of the same name; `{real}` in it is that one. */
async function stub(packaged: Packaged, name: string, script: string): Promise<{ PATH: string }> {
  const [bin, real] = [`${packaged.folder}/stubs`, (await run("sh", "-c", `command -v ${name}`)).trim()];
  await Deno.mkdir(bin, { recursive: true });
  await Deno.writeTextFile(`${bin}/${name}`, `#!/bin/sh\n${script.replace("{real}", real)}\n`, { mode: 0o755 });
  return { PATH: `${bin}:${Deno.env.get("PATH") ?? ""}` };
}

rootTest("the first process of a container starts though one that was killed has left its folder", async () => {
  await using packaged = await Packaged.fake();
  await packaged.run();
  await Deno.remove(`${packaged.home()}/bt-scanner`);
  for (const pid of [1, Deno.pid]) await Deno.mkdir(`${packaged.home()}/new.${pid}`); // of another, and of one that lives
  const { code, stderr } = await packaged.run([], { through: AS_PID_1 });
  assert.deepEqual([code, stderr], [3, ""]);
  assert.deepEqual(packaged.leftovers(), []);
});

test("of many that start at once one unpacks, and the others wait for it", async () => {
  await using packaged = await Packaged.fake();
  const env = await stub(packaged, "gzip", `echo >>'${packaged.folder}/unpacked'; sleep 0.3; exec {real} "$@"`);
  const ends = await Promise.all(Array.from({ length: 6 }, () => packaged.run([], { env })));
  assert.deepEqual(ends.map(({ code, stderr }) => [code, stderr]), ends.map(() => [3, ""]));
  assert.equal((await Deno.readTextFile(`${packaged.folder}/unpacked`)).length, PARTS);
});

test("one that starts while another unpacks is not kept waiting by one that was killed", async () => {
  await using packaged = await Packaged.fake();
  const first = await startUnpacking(packaged);
  const second = packaged.run();
  await run("kill", "-KILL", "--", `-${first.pid}`);
  assert.equal((await second).code, 3);
  assert.equal((await first.output()).code, 137);
  assert.deepEqual(packaged.leftovers(), []);
});

test("without locks, a folder of the same process number is made anew", async () => {
  await using packaged = await Packaged.fake();
  const env = await stub(packaged, "flock", "exit 1");
  await packaged.run([], { env });
  await Deno.remove(`${packaged.home()}/bt-scanner`);
  const plant = `mkdir '${packaged.home()}'/new.$$ && exec "$0" "$@"`;
  const { code, stderr } = await packaged.run([], { env, through: ["sh", "-c", plant] });
  assert.deepEqual([code, stderr], [3, ""]);
});

rootTest("root unpacks to its own home, whosever HOME it was given", async () => {
  await using packaged = await Packaged.fake();
  const home = `${packaged.folder}/pi`;
  await Deno.mkdir(home);
  await run("chown", "12345", home);
  for (const env of [{ HOME: home, XDG_CACHE_HOME: `${home}/.cache` }, {}]) {
    const start = { env: { BT_SCANNER_CACHE: "", ...env }, through: WITH_EMPTY_ROOT_HOME };
    const { code, stdout, stderr } = await packaged.run([], start);
    assert.deepEqual([code, stderr], [3, ""]);
    assert.match(stdout, / \/root\/\.cache\/bt-scanner\/bt-scanner-[0-9a-f]{16}\/bt-scanner\.mjs\n$/);
  }
  assert.equal((await Array.fromAsync(Deno.readDir(home))).length, 0);
});

test("a 32-bit system is called one, whatever its kernel says", async () => {
  await using packaged = await Packaged.fake(PROGRAM, "\x7fELF of another machine");
  const { code, stderr } = await packaged.run([], { env: await stub(packaged, "getconf", "echo 32") });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^bt-scanner: this is a 32-bit system, whatever its kernel is; it takes a 64-bit one for \w+\n$/,
  );
  assert.deepEqual(packaged.unpacked(), []);
});

test("stray signals do not end the unpacking for run, SIGHUP among them", async () => {
  await using packaged = await Packaged.fake();
  const child = await startUnpacking(packaged, ["run"]);
  const signals = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGHUP", "SIGKILL"] as const;
  for (const signal of signals) Deno.kill(-child.pid, signal); // as a terminal does: all that runs
  assert.equal((await child.output()).signal, "SIGKILL");
});

test("a terminal that goes ends the unpacking for scan", async () => {
  await using packaged = await Packaged.fake();
  const child = await startUnpacking(packaged, ["scan"]);
  Deno.kill(-child.pid, "SIGHUP");
  assert.notEqual((await child.output()).code, 0);
  await waitFor(() => packaged.leftovers().length === 0, "the leftovers to go");
});
