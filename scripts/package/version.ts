import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A tilde sorts before the release itself, as 1.0.0-rc.1 does in semantic versioning. */
export function debianVersion(version: string = project.version): string {
  return `${version.replace("-", "~")}-1`;
}

/** When what is packaged was made: of the environment as elsewhere, else of the commit. Seconds since 1970. */
export async function sourceDateEpoch(): Promise<number> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const { success, stdout } = await new Deno.Command("git", { args: ["log", "-1", "--format=%ct"], cwd: ROOT })
    .output();
  if (!success) throw new Error("Cannot tell the time of the commit: set SOURCE_DATE_EPOCH");
  return Number(new TextDecoder().decode(stdout).trim());
}
