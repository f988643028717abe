import { EXIT } from "../app/exit_codes.ts";
import {
  checkNamedFiles,
  ConfigError,
  type ConfigProblem,
  type ConfigSources,
  type FileFacts,
  inFileOrder,
  loadConfig,
  type LoadedConfig,
  renderConfig,
  renderProblem,
} from "../config/mod.ts";
import type { KeyPairIo } from "./key_pair.ts";

/** What `check` needs of the world. */
export interface CheckIo extends KeyPairIo {
  /** Writes text to standard output. */
  readonly stdout: (text: string) => void;
  /** Writes text to standard error. */
  readonly stderr: (text: string) => void;
}

/**
 * `bt-scanner check`: prints the configuration in effect, secrets redacted, with its digest, and everything that is wrong or doubtful
 * about it.
 *
 * @returns the exit code: 0, or 2 if something is wrong
 */
export async function check(sources: ConfigSources, io: CheckIo): Promise<number> {
  const { loaded, problems, warnings } = await examineConfig(sources, io);
  for (const warning of warnings) io.stderr(`warning: ${renderProblem(warning)}\n`);
  if (problems.length > 0) io.stderr(`${new ConfigError(problems).message}\n`);
  if (problems.length > 0 || loaded === null) return EXIT.usage;
  io.stdout(`${renderConfig(loaded.config, loaded.origins)}\n# config_digest: ${loaded.digest}\n`);
  return EXIT.ok;
}

/** A configuration, and everything that is wrong or doubtful about it and the files it names, in the file's order. */
export interface ExaminedConfig {
  /** With defaults in place of rejected values; null: not even that is possible. */
  readonly loaded: LoadedConfig | null;
  /** Whether nothing was rejected; files may be missing. */
  readonly isValid: boolean;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** Reads a configuration, and examines the files that it names even if something else is wrong with it. */
export async function examineConfig(
  sources: ConfigSources,
  io: KeyPairIo,
): Promise<ExaminedConfig> {
  let loaded: LoadedConfig | null;
  let isValid = true;
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  try {
    loaded = await loadConfig(sources);
    warnings.push(...loaded.warnings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    loaded = error.partial;
    isValid = false;
    problems.push(...error.problems);
    warnings.push(...error.warnings);
  }
  if (loaded !== null) {
    const files = await checkNamedFiles(loaded, io.inspectFile);
    problems.push(...files.problems);
    if (files.problems.length === 0) problems.push(...await keyPairProblems(loaded, io));
    warnings.push(...files.warnings);
  }
  return { loaded, isValid, problems: inFileOrder(problems), warnings: inFileOrder(warnings) };
}

async function keyPairProblems({ config, origins }: LoadedConfig, io: KeyPairIo): Promise<ConfigProblem[]> {
  const { enabled, cert_file, key_file } = config.mqtt.broker.tls;
  if (!enabled || cert_file === null || key_file === null) return [];
  const { examineKeyPair } = await import("./key_pair.ts"); // `run` has no need of it
  const found = await examineKeyPair(cert_file, key_file, io);
  if (found === null) return [];
  const key = `mqtt.broker.tls.${found.file}_file`;
  return [{ source: origins.get(key) ?? null, key, value: null, problem: found.problem, remedy: found.remedy }];
}

/** Opens a file as its reader would, and describes it. */
export async function inspectFile(path: string): Promise<FileFacts> {
  using file = await Deno.open(path);
  const { isFile, mode, mtime } = await file.stat();
  return { isFile, mode, modifiedMs: mtime?.getTime() ?? null };
}
