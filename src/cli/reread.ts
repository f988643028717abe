import { Command } from "@commander-js/extra-typings";
import type { ConfigReading } from "../app/mod.ts";
import { renderProblem } from "../config/mod.ts";
import { examineConfig, inspectFile } from "./check.ts";
import type { CliIo } from "./io.ts";
import { sources } from "./options.ts";
import { runCommand } from "./program.ts";
import { renderRecord } from "./running_record.ts";

/**
 * Reads the configuration of a running `run` anew: the same command line, environment and file, and with more care than
 * its start, for there is something to lose: files that it names are examined, too.
 *
 * @param args the command line that it was started with
 * @param file the file that it was read from; null: none, though there may be one by now
 */
export async function rereadConfig(
  args: readonly string[],
  file: string | null,
  io: Pick<CliIo, "host" | "files">,
): Promise<ConfigReading> {
  const { promise, resolve } = Promise.withResolvers<ConfigReading>();
  const silent = { ...io, stdout: () => {}, stderr: () => {}, onFault: () => {} };
  const program = new Command();
  runCommand(program).action(async ({ config: _, ...flags }) => {
    const from = await sources(silent, file ?? false, flags);
    const { loaded, problems, warnings } = await examineConfig(from, { inspectFile, readFile: io.host.readFile });
    const { env } = io.host;
    const doubts = warnings.map(renderProblem);
    if (problems.length > 0 || loaded === null) {
      return resolve({ problems: problems.map(renderProblem), warnings: doubts });
    }
    const { config, digest } = loaded;
    resolve({ config, digest, record: renderRecord({ args, file, env, config }), warnings: doubts });
  });
  await program.parseAsync([...args], { from: "user" });
  return await promise;
}
