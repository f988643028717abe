import assert from "node:assert/strict";
import { run, testWith } from "../../support/programs.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { permissions } from "../../../scripts/compile/permissions.ts";
import { unpack } from "../../../scripts/compile/self_extracting.ts";
import { RUNTIME_FLAGS } from "../../../scripts/compile/targets.ts";
import { V8_FLAGS } from "../../../scripts/compile/v8_flags.ts";
import {
  fakeFile,
  ORDINARY_USER,
  Packaged,
  PROGRAM,
  rootTest,
  RUNTIME,
  startUnpacking,
  thisMachine,
} from "./packaged.ts";

/** One whose cache is a file system in memory. */
function tmpfsTest(name: string, options: string, fn: (packaged: Packaged) => Promise<void>): void {
  rootTest(name, async () => {
    await using packaged = await Packaged.fake();
    await Deno.mkdir(packaged.cache);
    await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", packaged.cache);
    try {
      await fn(packaged);
    } finally {
      await run("umount", packaged.cache);
    }
  });
}

async function changed(path: string, change: (bytes: Uint8Array) => void): Promise<void> {
  const bytes = await Deno.readFile(path);
  change(bytes);
  await Deno.writeFile(path, bytes);
}

function damage(bytes: Uint8Array): void {
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
}

test("selfExtracting() gives the same bytes for the same content", () => {
  assert.deepEqual(fakeFile(), fakeFile());
});

test("unpack() gives back what is in the file, and the flags that the runtime is started with", () => {
  const { runtime, program, flags } = unpack(fakeFile()) ?? assert.fail("it is another kind");
  assert.deepEqual([runtime, program].map((bytes) => new TextDecoder().decode(bytes)), [RUNTIME, PROGRAM]);
  assert.deepEqual(flags, [...RUNTIME_FLAGS, V8_FLAGS, ...permissions(thisMachine())]);
});

test("unpack() refuses a damaged file, and leaves one of another kind alone", () => {
  const file = fakeFile();
  damage(file.subarray(-40));
  assert.throws(() => unpack(file));
  for (const other of ["", "\x7fELF\x1f\x8b", "#!/bin/sh\necho \x1f\n"]) {
    assert.equal(unpack(new TextEncoder().encode(other)), null);
  }
});

test("the file unpacks once, and passes on arguments and exit code", async () => {
  await using packaged = await Packaged.fake();
  const first = await packaged.run(["run", "--scanner-id", "a b"]);
  assert.deepEqual([first.code, first.stderr], [3, ""]);
  assert.match(first.stdout, /^ran run .*--no-prompt .*bt-scanner\.mjs run --scanner-id a b\n$/);
  const files = () => ["bt-scanner", "bt-scanner.mjs"].map((name) => Deno.statSync(`${packaged.home()}/${name}`).ino);
  const before = files();
  await packaged.run();
  assert.deepEqual(files(), before);
  assert.deepEqual(packaged.leftovers(), []);
});

test("nobody but its user can read what the file has unpacked", async () => {
  await using packaged = await Packaged.fake();
  await packaged.run();
  assert.equal(((await Deno.stat(packaged.home())).mode ?? 0) & 0o777, 0o700);
});

testWith(["shellcheck"], "shellcheck has nothing to say about the file's script", async () => {
  await using packaged = await Packaged.fake();
  const text = new TextDecoder().decode(await Deno.readFile(packaged.file));
  await Deno.writeTextFile(`${packaged.folder}/head`, text.slice(0, text.indexOf("\nexec ")) + "\n");
  await run("shellcheck", `${packaged.folder}/head`);
});

for (const shell of ["dash", "bash", "busybox"] as const) {
  testWith([shell], `the file runs in ${shell}`, async () => {
    await using packaged = await Packaged.fake();
    const through = { dash: ["dash"], bash: ["bash", "--posix"], busybox: ["busybox", "sh"] }[shell];
    for (const _ of ["unpacked", "from the cache"]) {
      assert.deepEqual(await packaged.run(["x"], { through }).then(({ code, stderr }) => [code, stderr]), [3, ""]);
    }
  });
}

testWith(["busybox"], "the file needs no more than the tools of busybox", async () => {
  await using packaged = await Packaged.fake();
  const PATH = `${packaged.folder}/bin`;
  await Deno.mkdir(PATH);
  await run("busybox", "--install", "-s", PATH);
  const start = { env: { PATH }, through: [`${PATH}/sh`] };
  for (const _ of ["unpacked", "from the cache"]) {
    assert.deepEqual(await packaged.run(["x"], start).then(({ code, stderr }) => [code, stderr]), [3, ""]);
  }
});

test("a signal reaches the program, for the shell is gone", async () => {
  await using packaged = await Packaged.fake();
  const child = packaged.spawn(["wait"]);
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 7);
  await reader.cancel();
  await child.stderr.cancel();
});

test("many that start at once do not collide", async () => {
  await using packaged = await Packaged.fake();
  const ends = await Promise.all(Array.from({ length: 8 }, () => packaged.run()));
  assert.deepEqual(ends.map(({ code, stderr }) => [code, stderr]), ends.map(() => [3, ""]));
  assert.deepEqual(packaged.leftovers(), []);
});

for (const name of ["bt-scanner", "bt-scanner.mjs"]) {
  const faults: Readonly<Record<string, (path: string) => Promise<void>>> = {
    "cut short": (path) => Deno.truncate(path, 3),
    "changed in place": (path) => changed(path, damage),
    "changed with its times put back": async (path) => {
      const { atime, mtime } = await Deno.stat(path);
      await changed(path, damage);
      if (atime && mtime) await Deno.utime(path, atime, mtime);
    },
    "removed": (path) => Deno.remove(path),
    "made empty, and its note with it": async (path) => {
      await Deno.truncate(path);
      await Deno.truncate(path.replace(/[^/]*$/, "noted"));
    },
  };
  for (const [fault, apply] of Object.entries(faults)) {
    test(`a cached ${name} that was ${fault} is noticed and made again`, async () => {
      await using packaged = await Packaged.fake();
      await packaged.run();
      await apply(`${packaged.home()}/${name}`);
      const { code, stdout, stderr } = await packaged.run();
      assert.deepEqual([code, stderr], [3, ""]);
      assert.match(stdout, /^ran run/);
      assert.equal(await Deno.readTextFile(`${packaged.home()}/bt-scanner`), RUNTIME);
      assert.equal(await Deno.readTextFile(`${packaged.home()}/bt-scanner.mjs`), PROGRAM);
    });
  }
}

test("a cached program that was damaged without a write is noticed after the next boot", async () => {
  await using packaged = await Packaged.fake();
  await packaged.run();
  const home = packaged.home();
  await changed(`${home}/bt-scanner.mjs`, damage);
  // As a bad sector leaves it: what the system knows about the files is what it was.
  const files = [`${home}/bt-scanner`, `${home}/bt-scanner.mjs`];
  const known = await run("env", "TZ=UTC0", "stat", "-c", "%u %i %s %y %z", ...files);
  const note = (boot: string) => Deno.writeTextFile(`${home}/noted`, `${boot} ${known.trim().replace("\n", " ")}\n`);
  const boot = (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  await note(boot);
  assert.equal((await packaged.run()).code, 3);
  assert.notEqual(await Deno.readTextFile(`${home}/bt-scanner.mjs`), PROGRAM); // digests take their time
  await note("00000000-0000-0000-0000-000000000000");
  assert.equal((await packaged.run()).code, 3);
  assert.equal(await Deno.readTextFile(`${home}/bt-scanner.mjs`), PROGRAM);
});

rootTest("an error of the shell is no wrong configuration", async () => {
  await using packaged = await Packaged.fake();
  await run("chmod", "-R", "a+rwX", packaged.folder); // root may always fork
  const { code, stderr } = await packaged.run([], { through: [...ORDINARY_USER, "prlimit", "--nproc=1"] });
  assert.match(stderr, /fork/i);
  assert.equal(code, 1);
});

test("a cache that was only touched is not made again", async () => {
  await using packaged = await Packaged.fake();
  await packaged.run();
  const path = `${packaged.home()}/bt-scanner`;
  const { ino } = await Deno.stat(path);
  await Deno.utime(path, 0, 0);
  assert.equal((await packaged.run()).code, 3);
  assert.equal((await Deno.stat(path)).ino, ino);
});

test("one that is killed while it unpacks leaves nothing that is used", async () => {
  await using packaged = await Packaged.fake();
  const child = await startUnpacking(packaged);
  await run("kill", "-KILL", "--", `-${child.pid}`);
  assert.equal((await child.output()).code, 137);
  assert.equal(packaged.leftovers().length, 1);
  assert.equal((await packaged.run()).code, 3);
  assert.deepEqual(packaged.leftovers(), []);
});

test("one that is told to end while it unpacks clears up", async () => {
  await using packaged = await Packaged.fake();
  const child = await startUnpacking(packaged);
  await run("kill", "-TERM", "--", `-${child.pid}`);
  assert.notEqual((await child.output()).code, 0);
  await waitFor(() => packaged.leftovers().length === 0, "the leftovers to go");
});

test("a damaged file says so, and unpacks nothing", async () => {
  await using packaged = await Packaged.fake();
  const whole = await Deno.readFile(packaged.file);
  const flipped = whole.slice();
  flipped[flipped.length - 20] = (flipped.at(-20) ?? 0) ^ 1;
  for (const bytes of [flipped, whole.subarray(0, -5)]) {
    await packaged.write(bytes);
    const { code, stdout, stderr } = await packaged.run();
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^bt-scanner: \/\S+ is damaged; copy it here again\n$/);
    assert.deepEqual(packaged.unpacked(), []);
  }
});

test("a runtime that cannot run here is not kept, and the reason is given", async () => {
  await using packaged = await Packaged.fake(PROGRAM, "\x7fELF of another machine");
  const { code, stderr } = await packaged.run();
  assert.equal(code, 1);
  assert.match(stderr, /^bt-scanner: cannot run what is unpacked to \S+: .*; it takes a 64-bit Linux for \w+, and/);
  assert.deepEqual(packaged.unpacked(), []);
});

test("a new version removes the old one, and nothing else", async () => {
  await using packaged = await Packaged.fake();
  await packaged.run();
  const old = packaged.home();
  await packaged.write(fakeFile("// newer\n"));
  await packaged.run();
  assert.notEqual(packaged.home(), old);

  const others = ["mine", "bt-scanner-my-recordings-26", "bt-scanner-0123456789ab.txt"];
  for (const name of others) await Deno.mkdir(`${packaged.cache}/${name}`);
  await packaged.write(fakeFile("// newest\n"));
  await packaged.run();
  for (const name of others) assert.ok((await Deno.stat(`${packaged.cache}/${name}`)).isDirectory);
});

test("a folder that cannot be made is named, with the remedy", async () => {
  await using packaged = await Packaged.fake();
  const { code, stderr } = await packaged.run([], { env: { BT_SCANNER_CACHE: "/proc/nowhere" } });
  assert.equal(code, 1);
  assert.match(stderr, /^bt-scanner: cannot unpack to \/proc\/nowhere: \S.*; set BT_SCANNER_CACHE to a folder/);
});

tmpfsTest("without room the file says so, and leaves none of it taken", "size=8k", async (packaged) => {
  await Deno.writeFile(`${packaged.cache}/filler`, new Uint8Array(4096));
  const { code, stderr } = await packaged.run();
  assert.equal(code, 1);
  assert.match(stderr, /^bt-scanner: cannot unpack to \S+: No space left on device; set BT_SCANNER_CACHE/);
});

tmpfsTest("a file system that runs no programs is named", "size=1m,noexec", async (packaged) => {
  const { code, stderr } = await packaged.run();
  assert.equal(code, 1);
  assert.match(stderr, /Permission denied; .*not mounted with noexec\n$/);
});

tmpfsTest("a cache that has become read-only is used as it is", "size=1m", async (packaged) => {
  await packaged.run();
  await Deno.remove(`${packaged.home()}/noted`);
  await run("mount", "-o", "remount,ro", packaged.cache);
  const { code, stderr } = await packaged.run();
  assert.deepEqual([code, stderr], [3, ""]);

  await packaged.write(fakeFile("// newer\n"));
  const newer = await packaged.run();
  assert.equal(newer.code, 1);
  assert.match(newer.stderr, /^bt-scanner: cannot unpack to \S+: Read-only file system; set BT_SCANNER_CACHE/);
});

rootTest("what another user has put into the cache is not run", async () => {
  await using packaged = await Packaged.fake();
  await packaged.run();
  const user = ORDINARY_USER;
  await run("chmod", "-R", "a+rwX", packaged.folder);
  await run("chown", "-R", "12345", packaged.cache);
  const { code, stderr } = await packaged.run([], { through: user });
  assert.equal(code, 1);
  assert.match(stderr, /belongs to another user; remove it, or set BT_SCANNER_CACHE/);

  await run("chown", "-R", "0", packaged.cache);
  assert.equal((await packaged.run([], { through: user })).code, 3);
});

test("the cache is where systemd or the desktop wants it", async () => {
  await using packaged = await Packaged.fake();
  const places = [
    [{ CACHE_DIRECTORY: `${packaged.folder}/systemd:/other`, HOME: "/" }, `${packaged.folder}/systemd`],
    [{ XDG_CACHE_HOME: `${packaged.folder}/xdg`, HOME: "/" }, `${packaged.folder}/xdg/bt-scanner`],
    [{ HOME: packaged.folder }, `${packaged.folder}/.cache/bt-scanner`],
  ] as const;
  for (const [env, folder] of places) {
    assert.equal((await packaged.run([], { env: { BT_SCANNER_CACHE: "", ...env } })).code, 3);
    assert.ok(packaged.home(folder));
  }
});

rootTest("where no folder to unpack to is known, the file says so", async () => {
  await using packaged = await Packaged.fake();
  await run("chmod", "-R", "a+rwX", packaged.folder);
  const nowhere = await packaged.run([], { env: { BT_SCANNER_CACHE: "" }, through: ORDINARY_USER });
  assert.match(nowhere.stderr, /^bt-scanner: no folder to unpack to is known; set BT_SCANNER_CACHE/);
});

test("a cache given as a relative path is that of the working directory", async () => {
  await using packaged = await Packaged.fake();
  const { code, stderr } = await packaged.run([], {
    env: { BT_SCANNER_CACHE: "cache" },
    through: ["env", "-C", packaged.folder],
  });
  assert.deepEqual([code, stderr], [3, ""]);
  assert.ok(packaged.home());
});

test("the runtime's own variables are kept from it", async () => {
  await using packaged = await Packaged.fake(PROGRAM, "#!/bin/sh\nenv\n");
  const names = ["DENO_V8_FLAGS", "DENO_DIR", "DENO_PERMISSION_BROKER_PATH", "NODE_OPTIONS"];
  const { stdout } = await packaged.run([], { env: Object.fromEntries(names.map((name) => [name, "/elsewhere"])) });
  assert.match(stdout, /^DENO_DIR=/m);
  assert.doesNotMatch(stdout, /elsewhere/);
});
