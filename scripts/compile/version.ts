import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Version and commit: `0.1.0+1a2b3c4d5e6f`, with `-dirty` where the tree is not the commit's. */
export async function versionAndCommit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> => {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", ROOT, ...args],
      env: { GIT_CEILING_DIRECTORIES: dirname(ROOT) }, // a repository around the project is another's
      stderr: "null",
    }).output();
    if (!success) throw new Error(`git ${args.join(" ")} failed`);
    return new TextDecoder().decode(stdout).trim();
  };
  try {
    const commit = await git("rev-parse", "--short=12", "HEAD");
    const changes = await git("status", "--porcelain", "--untracked-files=no");
    return `${project.version}+${commit}${changes === "" ? "" : "-dirty"}`;
  } catch {
    return `${project.version}+unknown`;
  }
}
