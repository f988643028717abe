import { permissions } from "./permissions.ts";
import { RUNTIME_FLAGS, type Target } from "./targets.ts";
import { V8_FLAGS } from "./v8_flags.ts";

const PROBE_TIMEOUT_MS = 10_000;

/** The Deno that compiles: this one, or another that `DENO_COMPILE` names. */
function compiler(): string {
  return Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
}

/** The environment of `deno compile`: without a `DENORT_BIN` that is for another machine. */
async function environment(target: Target): Promise<Record<string, string>> {
  const { DENORT_BIN, ...others } = Deno.env.toObject();
  if (DENORT_BIN === undefined || !await isFor(target, DENORT_BIN)) return others;
  return { ...others, DENORT_BIN };
}

/**
 * Why denort, the runtime that `deno compile` puts into the executable, cannot be had for a target;
 * null where it can: it is named by `DENORT_BIN`, in Deno's cache, or on Deno's server.
 */
export async function whyNoDenort(target: Target): Promise<string | null> {
  const env = await environment(target);
  if (env["DENORT_BIN"] !== undefined) return null;
  const { version, denoDir } = await describe(env);
  const path = `release/v${version}/denort-${target.triple}.zip`;
  if (await isFile(`${denoDir}/dl/${path}`)) return null;
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const { ok, status } = await fetch(`https://dl.deno.land/${path}`, { method: "HEAD", signal });
    return ok ? null : `dl.deno.land answers with ${status}`;
  } catch (error) {
    return error instanceof Error ? error.message.split(": ").at(-1) ?? "" : String(error);
  }
}

/**
 * Compiles the program to an executable.
 *
 * @param folder for temporary files; the executable ends there, under the target's name
 * @throws {Error} where `deno compile` fails, or makes an executable for another machine
 */
export async function compile(target: Target, program: Uint8Array, folder: string): Promise<string> {
  const script = `${folder}/bt-scanner.mjs`, output = `${folder}/${target.file}`;
  await Deno.writeFile(script, program);
  await Deno.utime(script, 0, 0); // it goes into the executable
  const { success, stderr } = await new Deno.Command(compiler(), {
    args: [
      ...["compile", ...RUNTIME_FLAGS, "--no-check", "--target", target.triple, "--output", output],
      ...[V8_FLAGS, ...permissions(target), script],
    ],
    clearEnv: true,
    env: { ...await environment(target), DENO_NO_PACKAGE_JSON: "1" },
    stdin: "null",
  }).output();
  if (!success) throw new Error(`deno compile failed: ${new TextDecoder().decode(stderr)}`);
  if (!await isFor(target, output)) throw new Error(`deno compile made a file that is not for ${target.triple}`);
  return output;
}

async function describe(env: Record<string, string>): Promise<{ version: string; denoDir: string }> {
  const json = async (...args: string[]) => {
    const { stdout } = await new Deno.Command(compiler(), { args, clearEnv: true, env, stdin: "null" }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  };
  const { denoDir } = await json("info", "--json", "--no-config");
  return { denoDir, version: await json("eval", "--no-config", "console.log(JSON.stringify(Deno.version.deno))") };
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isFile }) => isFile, () => false);
}

/** Whether a file is an ELF executable for the target's machine. */
async function isFor({ elfMachine }: Target, path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path);
    const header = new Uint8Array(20);
    await file.read(header);
    return header[0] === 0x7f && new DataView(header.buffer).getUint16(18, true) === elfMachine;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
