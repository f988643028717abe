import assert from "node:assert/strict";
import { selfExtracting } from "../../../scripts/compile/self_extracting.ts";
import { type Target, TARGETS } from "../../../scripts/compile/targets.ts";
import { type ProgramEnd, programEnd } from "../../support/programs.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";

/** In place of Deno: says how it was called, waits for a signal if it is told to, ends with 3. */
export const RUNTIME = `#!/bin/sh
[ "$1" = --version ] && exit
trap 'exit 7' TERM
echo "ran $*"
for last; do :; done
while [ "$last" = wait ]; do sleep 0.05; done
exit 3
`;
export const PROGRAM = "// the program\n";

/** How to start the file. */
export interface Start {
  readonly env?: Readonly<Record<string, string>>;
  /** Programs before it, such as a shell. */
  readonly through?: readonly string[];
}

/** What this machine is, among the targets. */
export function thisMachine(): Target {
  const found = TARGETS.find(({ arch }) => arch === Deno.build.arch);
  assert.ok(found, `no target for ${Deno.build.arch}`);
  return found;
}

/** A self-extracting file in a folder of its own, with its cache beside it. */
export class Packaged implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** One whose runtime is a script. */
  static async fake(program = PROGRAM, runtime = RUNTIME): Promise<Packaged> {
    const packaged = await Packaged.empty();
    await packaged.write(fakeFile(program, runtime));
    return packaged;
  }

  /** The folder without the file. */
  static async empty(): Promise<Packaged> {
    return new Packaged(await Deno.makeTempDir({ prefix: "bt-scanner-compile-" }));
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

  /** The folder of the one version that is unpacked. */
  home(cache = this.cache): string {
    const names = [...Deno.readDirSync(cache)].map(({ name }) => name);
    assert.equal(names.length, 1, names.join(", "));
    return `${cache}/${names[0]}`;
  }

  /** Names of what is in it. */
  unpacked(): string[] {
    return [...Deno.readDirSync(this.home())].map(({ name }) => name);
  }

  /** What of it one that did not finish has left. */
  leftovers(): string[] {
    return this.unpacked().filter((name) => name.startsWith("new."));
  }

  spawn(args: readonly string[], { env = {}, through = [] }: Start = {}): Deno.ChildProcess {
    const [command = "", ...rest] = [...through, this.file, ...args];
    return new Deno.Command(command, {
      args: rest,
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "", BT_SCANNER_CACHE: this.cache, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(args: readonly string[] = [], start: Start = {}): Promise<ProgramEnd> {
    return programEnd(await this.spawn(args, start).output());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The bytes of a file whose runtime is a script. */
export function fakeFile(program = PROGRAM, runtime = RUNTIME): Uint8Array<ArrayBuffer> {
  const [runtimeBytes, programBytes] = [runtime, program].map((text) => new TextEncoder().encode(text));
  assert.ok(runtimeBytes && programBytes);
  return selfExtracting(thisMachine(), "1.2.3", runtimeBytes, programBytes);
}

/** A program that starts another one as a user who is not root. */
export const ORDINARY_USER = ["setpriv", "--reuid", "65534", "--clear-groups"];

/** A test that needs to be root; its name says where this is not. */
export function rootTest(name: string, fn: () => Promise<void>): void {
  const ignore = Deno.uid() !== 0;
  test(ignore ? `${name} [not root]` : name, fn, { ignore });
}

/** Starts the file, in a process group of its own, with a gzip that writes a little and then hangs. */
export async function startUnpacking(packaged: Packaged, args: readonly string[] = []): Promise<Deno.ChildProcess> {
  const bin = `${packaged.folder}/bin`;
  await Deno.mkdir(bin);
  const script = `#!/bin/sh\necho half\n: >"${bin}/begun"\nexec sleep 60\n`;
  await Deno.writeTextFile(`${bin}/gzip`, script, { mode: 0o755 });
  const env = { PATH: `${bin}:${Deno.env.get("PATH") ?? ""}` };
  const child = packaged.spawn(args, { env, through: ["setsid"] });
  await waitFor(async () => await Deno.stat(`${bin}/begun`).then(() => true, () => false), "the unpacking to begin");
  return child;
}
