import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { permissions } from "../../scripts/compile/permissions.ts";
import { selfExtracting } from "../../scripts/compile/self_extracting.ts";
import { type Target, TARGETS } from "../../scripts/compile/targets.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

/** In place of Deno: says how it was called, then sleeps until told to end where it is asked to. */
const RUNTIME = new TextEncoder().encode(
  '#!/bin/sh\ntrap "exit 7" TERM\necho "ran $*"\nfor last; do :; done\n[ "$last" != wait ] || while :; do sleep 0.05; done\nexit 3\n',
);
const PROGRAM = new TextEncoder().encode("// the program\n");

function target(): Target {
  const found = TARGETS.find(({ arch }) => arch === Deno.build.arch);
  assert.ok(found);
  return found;
}

/** A self-extracting file in a folder of its own, with a cache beside it. */
class Packaged implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async of(program = PROGRAM, runtime = RUNTIME): Promise<Packaged> {
    const packaged = new Packaged(await Deno.makeTempDir({ prefix: "bt-scanner-compile-" }));
    await packaged.write(selfExtracting(target(), "1.2.3", runtime, program));
    return packaged;
  }

  get file(): string {
    return `${this.folder}/bt-scanner`;
  }

  get cache(): string {
    return `${this.folder}/cache`;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await Deno.writeFile(this.file, bytes, { mode: 0o755 });
  }

  /** The folders with an unpacked version. */
  homes(cache = this.cache): string[] {
    return [...Deno.readDirSync(cache)].map(({ name }) => name).filter((name) => name.startsWith("v-"));
  }

  /** What else is in the cache. */
  leftovers(): string[] {
    return [...Deno.readDirSync(this.cache)].map(({ name }) => name).filter((name) => name.startsWith(".new"));
  }

  spawn(args: readonly string[], env: Readonly<Record<string, string>> = {}, shell: readonly string[] = []) {
    const [command = "", ...rest] = [...shell, this.file, ...args];
    return new Deno.Command(command, {
      args: rest,
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "", BT_SCANNER_CACHE: this.cache, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}, shell: readonly string[] = []) {
    const { code, stdout, stderr } = await this.spawn(args, env, shell).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The bundle, made by a process of its own: esbuild leaves one behind for a moment. */
async function bundle(version: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = await Deno.makeTempFile();
  const script = fileURLToPath(new URL("../../scripts/compile/bundle.ts", import.meta.url));
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", script, version, path] }).output();
  assert.ok(success);
  const bytes = await Deno.readFile(path);
  await Deno.remove(path);
  return bytes;
}

test("selfExtracting() gives the same bytes for the same content", () => {
  const once = selfExtracting(target(), "1.2.3", RUNTIME, PROGRAM);
  assert.deepEqual(selfExtracting(target(), "1.2.3", RUNTIME, PROGRAM), once);
});

test("bundle() gives the same bytes each time, with the version inside and no path of this machine", async () => {
  const once = await bundle("1.2.3+abc");
  assert.deepEqual(await bundle("1.2.3+abc"), once);
  const text = new TextDecoder().decode(once);
  assert.ok(text.includes("1.2.3+abc"));
  assert.ok(!text.includes(import.meta.dirname ?? "unknown"));
});

test("the permissions allow no writing, no running, no prompts, and no library but libc", () => {
  for (const each of TARGETS) {
    const flags = permissions(each);
    assert.ok(flags.includes("--no-prompt"));
    assert.deepEqual(flags.filter((flag) => /write|run|all$|-A/.test(flag)), []);
    const [ffi = ""] = flags.filter((flag) => flag.startsWith("--allow-ffi"));
    assert.match(ffi, /^--allow-ffi=(\/[\w/.-]+\/libc\.so\.6,?)+$/);
  }
});

test("the file unpacks once, and passes on arguments and exit code", async () => {
  await using packaged = await Packaged.of();
  const first = await packaged.run(["run", "--scanner-id", "a b"]);
  assert.deepEqual([first.code, first.stderr], [3, ""]);
  assert.match(first.stdout, /^ran run .*--no-prompt .*bt-scanner\.js run --scanner-id a b\n$/);
  const [home = ""] = packaged.homes();
  const { ino } = await Deno.stat(`${packaged.cache}/${home}`);
  await packaged.run();
  assert.equal((await Deno.stat(`${packaged.cache}/${home}`)).ino, ino);
  assert.deepEqual(packaged.leftovers(), []);
});

test("the file runs in every shell that a small system may have", async () => {
  await using packaged = await Packaged.of();
  for (const shell of [["dash"], ["bash", "--posix"]]) {
    await Deno.remove(packaged.cache, { recursive: true }).catch(() => {});
    assert.equal((await packaged.run([], {}, shell)).code, 3, shell.join(" "));
  }
});

test("a signal reaches the program, for the shell is gone", async () => {
  await using packaged = await Packaged.of();
  const child = packaged.spawn(["wait"]);
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 7);
  await reader.cancel();
  await child.stderr.cancel();
});

test("many that start at once do not collide", async () => {
  await using packaged = await Packaged.of();
  const ends = await Promise.all(Array.from({ length: 8 }, () => packaged.run()));
  assert.deepEqual(ends.map(({ code, stderr }) => [code, stderr]), ends.map(() => [3, ""]));
  assert.deepEqual([packaged.homes().length, packaged.leftovers()], [1, []]);
});

test("a cache that is cut short or changed is noticed and made again", async () => {
  await using packaged = await Packaged.of();
  await packaged.run();
  const home = `${packaged.cache}/${packaged.homes()[0]}`;
  await Deno.truncate(`${home}/bt-scanner.js`, 3);
  assert.equal((await packaged.run()).code, 3);
  assert.deepEqual(await Deno.readFile(`${home}/bt-scanner.js`), PROGRAM);

  const damaged = PROGRAM.slice();
  damaged[0] = 0;
  await Deno.writeFile(`${home}/bt-scanner.js`, damaged);
  await Deno.writeTextFile(`${home}/checked`, "an earlier boot\n");
  assert.equal((await packaged.run()).code, 3);
  assert.deepEqual(await Deno.readFile(`${home}/bt-scanner.js`), PROGRAM);
});

test("what one that was killed while unpacking left is removed, and not used", async () => {
  await using packaged = await Packaged.of();
  const noProcess = 2 ** 22 + 1; // above the largest process id of 64-bit Linux
  await Deno.mkdir(`${packaged.cache}/.new.${noProcess}`, { recursive: true });
  await Deno.writeTextFile(`${packaged.cache}/.new.${noProcess}/deno`, "half");
  assert.equal((await packaged.run()).code, 3);
  assert.deepEqual(packaged.leftovers(), []);
});

test("a damaged file says so, and unpacks nothing", async () => {
  await using packaged = await Packaged.of();
  const bytes = await Deno.readFile(packaged.file);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await packaged.write(bytes);
  const { code, stderr } = await packaged.run();
  assert.equal(code, 1);
  assert.match(stderr, /is damaged; copy it again/);
  assert.deepEqual(packaged.homes(), []);
});

test("a new version removes the old one", async () => {
  await using packaged = await Packaged.of();
  await packaged.run();
  const [old] = packaged.homes();
  await packaged.write(selfExtracting(target(), "1.2.4", RUNTIME, new TextEncoder().encode("// newer\n")));
  await packaged.run();
  assert.equal(packaged.homes().length, 1);
  assert.notEqual(packaged.homes()[0], old);
});

test("a folder that cannot be written to is named, with the remedy", async () => {
  await using packaged = await Packaged.of();
  const { code, stderr } = await packaged.run([], { BT_SCANNER_CACHE: "/proc/nowhere" });
  assert.equal(code, 1);
  assert.match(stderr, /cannot write to \/proc\/nowhere; set BT_SCANNER_CACHE/);
});

test("the cache is where systemd or the desktop wants it", async () => {
  await using packaged = await Packaged.of();
  const places = [
    [{ CACHE_DIRECTORY: `${packaged.folder}/systemd:/other` }, `${packaged.folder}/systemd`],
    [{ XDG_CACHE_HOME: `${packaged.folder}/xdg` }, `${packaged.folder}/xdg/bt-scanner`],
    [{ HOME: packaged.folder }, `${packaged.folder}/.cache/bt-scanner`],
  ] as const;
  for (const [env, folder] of places) {
    assert.equal((await packaged.run([], { BT_SCANNER_CACHE: "", ...env })).code, 3);
    assert.equal(packaged.homes(folder).length, 1);
  }
  const nowhere = await packaged.run([], { BT_SCANNER_CACHE: "" });
  assert.match(nowhere.stderr, /set BT_SCANNER_CACHE/);
});

test("the real program runs from its file: version, configuration errors, and a clean end", async () => {
  await using packaged = await Packaged.of(
    await bundle("1.2.3 (self-extracting)"),
    await Deno.readFile(Deno.execPath()),
  );
  const version = await packaged.run(["--version"]);
  assert.deepEqual([version.code, version.stdout], [0, "1.2.3 (self-extracting)\n"]);
  const wrong = await packaged.run(["run", "--qos", "5"]);
  assert.equal(wrong.code, 2);
  const child = packaged.spawn(["run", "--scanner-id", "s1", "--broker", "mqtt://127.0.0.1:1", "--source", "simulate"]);
  let log = "";
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) log += text;
  })();
  await waitFor(() => log.includes("scanning"), "the agent to scan");
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 0, log);
  await reading;
  await child.stdout.cancel();
});
