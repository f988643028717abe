// vm: VM_BT=none
// on: arm64/6.1 arm64/6.12-16k
// deno-lint-ignore-file no-console
/** What an executable does besides scanning, on the machine that it is made for: its cache above all. */
import assert from "node:assert/strict";
import { Program } from "../../support/program.ts";
import type { ProgramEnd } from "../../support/programs.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { run } from "../guest.ts";

/** `MemoryMax=` of the unit. */
const SERVICE_KIB = 256 * 1024;

const isSelfExtracting = (await run("bt-scanner", "--version")).includes("self-extracting");

/** A test of what only a self-extracting file does. */
function unpackingTest(name: string, fn: () => Promise<void>): void {
  test(name, fn, { ignore: !isSelfExtracting });
}

class Cache implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async empty(): Promise<Cache> {
    return new Cache(await Deno.makeTempDir());
  }

  get env(): Record<string, string> {
    return { BT_SCANNER_CACHE: this.folder };
  }

  /** What is unpacked, or on its way: path, and the file's number, which changes when it is written again. */
  files(folder = this.folder): string[] {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
      const path = `${folder}/${name}`;
      return isDirectory ? this.files(path) : [`${path} ${Deno.statSync(path).ino}`];
    }).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function ended(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProgramEnd> {
  await using program = new Program(args, env);
  return await program.ended();
}

test("the machine's pages are as large as its kernel promises", async () => {
  const pageBytes = await run("python3", "-c", "import resource; print(resource.getpagesize())");
  assert.equal(Number(pageBytes), Deno.env.get("VM_KERNEL")?.endsWith("-16k") ? 16_384 : 4_096);
});

test("--version tells version, commit and kind", async () => {
  const { code, stdout } = await ended(["--version"]);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\S* \((compiled|self-extracting|bundle)\)\n$/);
});

test("check prints the configuration as it takes effect, and fails with 2 naming every problem", async () => {
  const good = await ended(["check", "--scanner-id", "s1"]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /id: s1/);
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, "scanner: { id: s 1, interval: 5 }\nmqtt: { broker: { port: 0 } }\n");
  for (const command of ["check", "run"]) {
    const { code, stderr } = await ended([command, "--config", file]);
    assert.equal(code, 2);
    for (const key of ["scanner.id", "scanner.interval", "mqtt.broker.port"]) assert.ok(stderr.includes(key), stderr);
  }
});

test("run says that this machine has no Bluetooth adapter, and goes on looking for one in the memory that it has as a service", async () => {
  await using program = new Program(["run", "--scanner-id", "s1", "--log-format", "json"]);
  const { fields } = await program.logged("scan failed", 0, 300_000);
  assert.match(String(fields["reason"]), /there is none|sockets are not available/);
  const mostKiB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(await Deno.readTextFile(`/proc/${program.pid}/status`))?.[1]);
  console.log(`${mostKiB} KiB of memory at most`);
  assert.ok(mostKiB < SERVICE_KIB, `${mostKiB} KiB`);
  program.kill("SIGTERM");
  assert.equal((await program.ended()).code, 0);
});

unpackingTest("the second start is from the cache", async () => {
  await using cache = await Cache.empty();
  const start = async () => {
    const startMs = performance.now();
    assert.equal((await ended(["--version"], cache.env)).code, 0);
    return { tookMs: Math.round(performance.now() - startMs), files: cache.files() };
  };
  const [first, second] = [await start(), await start()];
  assert.deepEqual(second.files, first.files);
  console.log(`first start ${first.tookMs} ms, second ${second.tookMs} ms`);
});

unpackingTest("one that is killed while it unpacks leaves nothing that harms the next start", async () => {
  await using cache = await Cache.empty();
  {
    await using program = new Program(["--version"], cache.env, ["busybox", "setsid"]);
    await waitFor(() => cache.files().length > 0, "it to unpack", 300_000);
    await run("busybox", "kill", "-KILL", `-${program.pid}`); // all of it
    await program.ended();
  }
  assert.ok(cache.files().every((file) => file.includes("/new.")), cache.files().join("\n"));
  const { code, stdout } = await ended(["--version"], cache.env);
  assert.equal(code, 0);
  assert.match(stdout, /self-extracting/);
});
