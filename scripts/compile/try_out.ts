import type { Target } from "./targets.ts";

const TIMEOUT_MS = 120_000;

/**
 * Runs an executable that was just made, where this machine can.
 *
 * @param version what it has to say to `--version`
 * @param folder where it may unpack
 * @returns whether this machine can: it was made for one such
 * @throws {Error} where it does not run, or says something else
 */
export async function tryOut(
  path: string,
  { triple }: Pick<Target, "triple">,
  version: string,
  folder: string,
): Promise<boolean> {
  if (triple !== Deno.build.target) return false;
  const { code, signal, stdout, stderr } = await new Deno.Command(path, {
    args: ["--version"],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", BT_SCANNER_CACHE: `${folder}/cache`, NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (code === 0 && said === version) return true;
  const end = signal === null ? `ends with ${code}` : `is ended by ${signal}`;
  throw new Error(`What was made for ${triple} does not run: --version ${end}: ${complaint || said || "no word"}`);
}
