import { sha256 } from "./self_extracting.ts";
import { whyNotLoadable } from "./elf.ts";
import { RUNTIME_VERSION, type Target } from "./targets.ts";

/**
 * Deno for the target, from its npm package by way of Deno's own npm client (registry and cache are
 * those of this machine).
 *
 * @throws {Error} where it cannot be had, is not what it was when its digest was noted, or would not start everywhere
 */
export async function fetchRuntime({ runtime, runtimeDigest, largestPageBytes }: Target): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir({ prefix: "bt-scanner-runtime-" });
  try {
    await Deno.writeTextFile(`${folder}/deno.json`, "{}");
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["install", "--quiet", "--node-modules-dir=auto", `npm:${runtime}@${RUNTIME_VERSION}`],
      cwd: folder,
      stdin: "null",
    }).output();
    if (!success) throw new Error(`Cannot fetch ${runtime}: ${new TextDecoder().decode(stderr)}`);
    const bytes = await Deno.readFile(`${folder}/node_modules/${runtime}/deno`);
    const digest = sha256(bytes);
    if (digest !== runtimeDigest) {
      throw new Error(`${runtime}@${RUNTIME_VERSION} has SHA-256 ${digest}, expected is ${runtimeDigest}`);
    }
    const why = whyNotLoadable(bytes, largestPageBytes);
    if (why !== null) throw new Error(`${runtime}@${RUNTIME_VERSION} would not start everywhere: ${why}`);
    return bytes;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
