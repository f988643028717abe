import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { type Config, type ConfigSources, type Flags, loadConfig, renderProblem } from "../config/mod.ts";
import type { CliIo } from "./program.ts";

/** Longer than 24 days timers do not count. */
const MAX_SECONDS = 2_147_483;

/** `--config`, for every command that reads one. */
export function configOption(): Option<"--config <file>", undefined, undefined, undefined, false, undefined> {
  return new Option("--config <file>", "configuration (YAML)");
}

/** `--seconds`, in milliseconds as its value. */
export function durationOption(): Option<"--seconds <n>", undefined, undefined, number> {
  return new Option("--seconds <n>", "end by itself after so long").argParser((text) => {
    const seconds = Number(text);
    if (text.trim() !== "" && seconds > 0 && seconds <= MAX_SECONDS) return seconds * 1000;
    throw new InvalidArgumentError(`It must be a number above 0, at most ${MAX_SECONDS}.`);
  });
}

/** Where the configuration comes from. */
export function sources(io: CliIo, file: string | undefined, flags: Flags): ConfigSources {
  return { flags, env: io.env, file: file ?? null, readTextFile: Deno.readTextFile };
}

/** The configuration; what is doubtful with it is told at once. */
export async function loadWarning(io: CliIo, file: string | undefined, flags: Flags): Promise<Config> {
  const { config, warnings } = await loadConfig(sources(io, file, flags));
  for (const warning of warnings) io.stderr(`warning: ${renderProblem(warning)}\n`);
  return config;
}

/** The same for commands that publish nothing, and need no name for it. */
export function loadUnnamed(io: CliIo, file: string | undefined, flags: Flags): Promise<Config> {
  return loadWarning(io, file, { ...flags, scannerId: "unnamed" });
}
