import { createHash } from "node:crypto";
import { RUNTIME_VERSION, type Target } from "./targets.ts";

/** Fetches Deno for the target from the npm registry and checks it against the pinned digest. */
export async function fetchRuntime({ runtime, integrity }: Target): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir({ prefix: "bt-scanner-runtime-" });
  try {
    await run("npm", ["pack", "--silent", `${runtime}@${RUNTIME_VERSION}`, "--pack-destination", folder]);
    const path = `${folder}/${runtime.replace("@", "").replace("/", "-")}-${RUNTIME_VERSION}.tgz`;
    const actual = `sha512-${createHash("sha512").update(await Deno.readFile(path)).digest("base64")}`;
    if (actual !== integrity) {
      throw new Error(`${runtime}@${RUNTIME_VERSION} is not what it was: expected ${integrity}, got ${actual}`);
    }
    await run("tar", ["-xzf", path, "-C", folder, "package/deno"]);
    return await Deno.readFile(`${folder}/package/deno`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}
