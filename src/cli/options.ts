import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import {
  type Config,
  ConfigError,
  type ConfigSources,
  type Flags,
  loadConfig,
  type LoadedConfig,
  locateFile,
  renderProblem,
} from "../config/mod.ts";
import type { CliIo } from "./io.ts";
import { readMachine } from "./machine.ts";
import { tell } from "./tell.ts";

/** Timers cannot count longer than 24 days. */
const MAX_SECONDS = 2_147_483;

/** What `--config` and `--no-config` say: a path; false: read none; undefined: not given. */
export type NamedConfig = string | boolean | undefined;

/** `--seconds`, in milliseconds as its value. */
export function durationOption(): Option<"--seconds <n>", undefined, undefined, number> {
  return new Option("--seconds <n>", "stop after this many seconds").argParser((text) => {
    const seconds = Number(text);
    if (text.trim() !== "" && seconds > 0 && seconds <= MAX_SECONDS) return seconds * 1000;
    throw new InvalidArgumentError(`It must be a number above 0, at most ${MAX_SECONDS}.`);
  });
}

/** Where the configuration comes from; prints the file's name if it is the default one. */
export async function sources(io: CliIo, named: NamedConfig, flags: Flags): Promise<ConfigSources> {
  const { host: { env, linux }, files: { exists, readTextFile } } = io;
  const { file, isSystem } = await locateFile(named === true ? undefined : named, env, exists);
  if (isSystem) tell(io, "info", `Configuration: ${file} (--config FILE names another, --no-config none)\n`);
  return { flags, env, file, readTextFile, hostname: () => readMachine(linux).hostname };
}

/**
 * The configuration; warnings about it are printed at once.
 *
 * @throws {ConfigError} also if the recording to replay does not exist
 */
export async function loadWarning(io: CliIo, named: NamedConfig, flags: Flags): Promise<LoadedConfig> {
  const loaded = await loadConfig(await sources(io, named, flags));
  const { config: { scanner, replay }, origins, warnings } = loaded;
  if (scanner.source === "replay" && replay.file !== null && !await io.files.exists(replay.file)) {
    const key = "replay.file";
    const problem = `there is no file ${replay.file}`;
    throw new ConfigError([{ source: origins.get(key) ?? null, key, value: null, problem, remedy: null }], warnings);
  }
  for (const warning of warnings) tell(io, "warning", `warning: ${renderProblem(warning)}\n`);
  return loaded;
}

/** The same for commands that publish nothing and need no scanner name. */
export async function loadUnnamed(io: CliIo, file: NamedConfig, flags: Flags): Promise<Config> {
  const { config } = await loadWarning(io, file, { ...flags, scannerId: "unnamed" });
  return config;
}
