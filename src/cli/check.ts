import { checkFiles, ConfigError, type ConfigSources, type FileFacts, loadConfig } from "../config/mod.ts";
import { renderConfig, renderProblem } from "../config/mod.ts";

/** What `check` needs of the world. */
export interface CheckIo {
  /** Opens a file for reading and tells about it; rejects where it cannot. */
  readonly inspectFile: (path: string) => Promise<FileFacts>;
  /** Writes text to standard output. */
  readonly stdout: (text: string) => void;
  /** Writes text to standard error. */
  readonly stderr: (text: string) => void;
}

/**
 * `bt-scanner check`: prints the configuration as it takes effect, secrets redacted, and everything
 * that is wrong or doubtful with it.
 *
 * @returns the exit code: 0, or 2 where something is wrong
 */
export async function check(sources: ConfigSources, io: CheckIo): Promise<number> {
  try {
    const loaded = await loadConfig(sources);
    const { problems, warnings } = await checkFiles(loaded, io.inspectFile);
    for (const warning of [...loaded.warnings, ...warnings]) io.stderr(`warning: ${renderProblem(warning)}\n`);
    if (problems.length > 0) throw new ConfigError(problems);
    io.stdout(renderConfig(loaded.config, loaded.origins));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const warning of error.warnings) io.stderr(`warning: ${renderProblem(warning)}\n`);
    io.stderr(`${error.message}\n`);
    return 2;
  }
}

/** Opens a file as its reader would, and tells about it. */
export async function inspectFile(path: string): Promise<FileFacts> {
  using file = await Deno.open(path);
  const { isFile, mode } = await file.stat();
  return { isFile, mode };
}
