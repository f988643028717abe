import * as z from "zod/mini";
import { CONFIG_VARIABLE, readEnvironment } from "./environment.ts";
import { readConfigFile } from "./file.ts";
import { type Flags, readFlags } from "./flags.ts";
import { type ConfigKey, configTree, keysOf } from "./keys.ts";
import type { Layer, Setting } from "./layer.ts";
import { ConfigError, type ConfigProblem, show } from "./problem.ts";
import { contradictions, doubts, type Finding } from "./rules.ts";
import { type Config, configSchema } from "./schema.ts";

/** Where a configuration comes from; what comes later here is weaker. */
export interface ConfigSources {
  /** The command line. */
  readonly flags: Flags;
  /** All environment variables; those that begin with `BT_SCANNER_` are read. */
  readonly env: Readonly<Record<string, string>>;
  /** Path of the YAML file; null: `BT_SCANNER_CONFIG`, or no file. */
  readonly file: string | null;
  /** Reads a file as UTF-8. */
  readonly readTextFile: (path: string) => Promise<string>;
}

/** A configuration, and what is known about it. */
export interface LoadedConfig {
  /** Every key, checked. */
  readonly config: Config;
  /** Where each key that is not at its default was set, by path: `config.yaml:4:9`, `--qos`. */
  readonly origins: ReadonlyMap<string, string>;
  /** What works, and is probably not meant. */
  readonly warnings: readonly ConfigProblem[];
  /** The file that was read, or null. */
  readonly file: string | null;
}

/**
 * Puts the configuration together: flags before environment before file before defaults.
 *
 * @throws {ConfigError} with everything that is wrong, at once
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const tree = configTree();
  const keys = keysOf(tree);
  const file = sources.file ?? (sources.env[CONFIG_VARIABLE] || null);
  const nothing = { settings: new Map<string, Setting>(), problems: [], complete: true };
  const fromFile = file === null ? nothing : await readConfigFile(file, tree, sources.readTextFile);
  const layers: readonly Layer[] = [
    fromFile,
    readEnvironment(sources.env, keys),
    readFlags(sources.flags, keys),
  ];
  const settings = new Map(layers.flatMap((layer) => [...layer.settings]));
  const { values, problems } = checkValues(keys, settings, fromFile.complete);
  const config = assemble(values);
  problems.unshift(...layers.flatMap((layer) => layer.problems));

  const refused = new Set(problems.map(({ key }) => key));
  const place = placer(settings, refused);
  problems.push(...contradictions(config).flatMap(place));
  const warnings = [...doubts(config)].flatMap(place);
  if (problems.length > 0) throw new ConfigError(problems, warnings);
  const origins = new Map([...settings].map(([path, { origin }]) => [path, origin]));
  return { config, origins, warnings, file };
}

/**
 * The configuration in which nothing but the scanner's identifier is set.
 *
 * @throws {Error} where the identifier is not valid
 */
export function defaultConfig(scannerId: string): Config {
  const fallbacks = keysOf(configTree()).map(({ path, fallback }) => [path, fallback] as const);
  return assemble(new Map([...fallbacks, ["scanner.id", scannerId]]));
}

/** Checks each value by itself; one that is refused is replaced, so that the others can be judged together. */
function checkValues(
  keys: readonly ConfigKey[],
  settings: ReadonlyMap<string, Setting>,
  complete: boolean,
): { values: Map<string, unknown>; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const values = new Map<string, unknown>();
  for (const key of keys) {
    const setting = settings.get(key.path);
    const { success, error } = z.safeParse(key.schema, setting?.value);
    const fallback = key.fallback === undefined ? "unknown" : key.fallback;
    values.set(key.path, success && setting !== undefined ? setting.value : fallback);
    if (success) continue;
    if (setting !== undefined) problems.push(...refusals(key, setting, error.issues));
    else if (complete) problems.push(missing(key));
  }
  return { values, problems };
}

/** One problem, or one for each bad item of a list. */
function refusals(key: ConfigKey, setting: Setting, issues: readonly z.core.$ZodIssue[]): ConfigProblem[] {
  const items = Array.isArray(setting.value) ? setting.value as readonly unknown[] : [];
  const indices = new Set(issues.map(({ path }) => Number(path[0] ?? -1)));
  return [...indices].map((index) => {
    const isItem = index in items;
    const value = show(isItem ? items[index] : setting.value, key.secret);
    const expected = isItem ? `item ${index + 1}: expected ${key.itemExpects}` : `expected ${key.expects}`;
    return {
      source: setting.itemOrigins?.[index] ?? setting.origin,
      key: key.path,
      value,
      problem: `${expected}, got ${value}`,
      remedy: isQuoted(key, setting.value) ? "write it without quotes" : null,
    };
  });
}

/** Whether a file has a number or a truth value in quotes, which makes it text. */
function isQuoted({ reads }: ConfigKey, value: unknown): boolean {
  return typeof value === "string" && (reads === "number" || reads === "boolean") &&
    /^([0-9.+-]+|true|false)$/.test(value);
}

function missing(key: ConfigKey): ConfigProblem {
  const flag = key.path === "scanner.id" ? "--scanner-id, " : "";
  const remedy = `set it with ${flag}${key.environment} or in the file`;
  return { source: null, key: key.path, value: null, problem: `missing: expected ${key.expects}`, remedy };
}

/** Builds the object from its leaves, with what the keys say of each other filled in. */
function assemble(values: ReadonlyMap<string, unknown>): Config {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const segments = path.split(".");
    const name = segments.pop() ?? "";
    let at = root;
    for (const segment of segments) at = (at[segment] ??= {}) as Record<string, unknown>;
    at[name] = value;
  }
  const config = z.parse(configSchema, root);
  const { scanner, filter, mqtt } = config;
  const index = /^[0-9]+$/.test(scanner.adapter ?? "");
  return {
    ...config,
    scanner: { ...scanner, adapter: index ? `hci${scanner.adapter}` : scanner.adapter },
    filter: { ...filter, allow: upperCase(filter.allow), deny: upperCase(filter.deny) },
    mqtt: {
      ...mqtt,
      client: { ...mqtt.client, client_id: mqtt.client.client_id.replaceAll("{scanner.id}", scanner.id) },
    },
  };
}

function upperCase(addresses: readonly string[]): string[] {
  return addresses.map((address) => address.toUpperCase());
}

/** Says where a finding comes from, and leaves out those that rest on a value already refused. */
function placer(
  settings: ReadonlyMap<string, Setting>,
  refused: ReadonlySet<string | null>,
): (finding: Finding) => ConfigProblem[] {
  return ({ keys, problem, remedy }) => {
    if (keys.some((key) => refused.has(key))) return [];
    const source = keys.map((key) => settings.get(key)?.origin).find((origin) => origin !== undefined) ?? null;
    return [{ source, key: keys[0] ?? null, value: null, problem, remedy }];
  };
}
