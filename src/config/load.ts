import * as z from "zod/mini";
import { mergeSettings, withPort } from "./broker_hosts.ts";
import { configDigest } from "./digest.ts";
import { doubts } from "./doubts.ts";
import { readEnvironment } from "./environment.ts";
import { readConfigFile } from "./yaml_file.ts";
import { type Flags, readFlags } from "./flags.ts";
import { type ConfigKey, configTree, keysOf } from "./keys.ts";
import { fillScannerId } from "./scanner_id.ts";
import type { Setting, SourceSettings } from "./settings.ts";
import { ConfigError, type ConfigProblem, meant, quote, show } from "./problem.ts";
import { contradictions, type KeyProblem } from "./rules.ts";
import { type Config, configSchema } from "./config_schema.ts";
import { fullUuid } from "./value_types.ts";
import { QUOTE_IT } from "./yaml_error.ts";

/** Where a configuration comes from, in order of precedence. */
export interface ConfigSources {
  /** The command line. */
  readonly flags: Flags;
  /** All environment variables; those that begin with `BT_SCANNER_` are read. */
  readonly env: Readonly<Record<string, string>>;
  /** Path of the YAML file; null: none. */
  readonly file: string | null;
  /** Reads a file as UTF-8. */
  readonly readTextFile: (path: string) => Promise<string>;
  /** The name of this machine, only called if `{hostname}` is used; null: it cannot be read. */
  readonly hostname: () => string | null;
}

/** A configuration, and what is known about it. */
export interface LoadedConfig {
  /** Every key, checked. */
  readonly config: Config;
  /** The same for configurations that are the same in all that scanners may have in common, see {@linkcode configDigest}. */
  readonly digest: string;
  /** Where each key that is not at its default was set, by path: `config.yaml:4:9`, `--qos`. */
  readonly origins: ReadonlyMap<string, string>;
  /** What works, but is probably not intended. */
  readonly warnings: readonly ConfigProblem[];
  /** The file that was read, or null. */
  readonly file: string | null;
}

/**
 * Assembles the configuration. Precedence: flags, environment, file, defaults.
 *
 * @throws {ConfigError} with everything that is wrong, at once
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const tree = configTree();
  const keys = keysOf(tree);
  const { file } = sources;
  const nothing = { settings: new Map<string, Setting>(), problems: [], complete: true };
  const fromFile = file === null ? nothing : await readConfigFile(file, tree, sources.readTextFile);
  const bySource: readonly SourceSettings[] = [
    fromFile,
    readEnvironment(sources.env, keys),
    readFlags(sources.flags, keys),
  ];
  const { settings: written, problems: alternatives } = mergeSettings(bySource);
  const { settings, problems: unfilled, unnamed } = fillScannerId(written, sources.hostname);
  const { values, problems } = checkValues(keys, settings, fromFile.complete);
  const config = buildConfig(values);
  problems.unshift(...bySource.flatMap(({ problems }) => problems), ...alternatives, ...unfilled);

  const refused = new Set(problems.map(({ key }) => key));
  const place = placer(settings, refused);
  problems.push(...contradictions(config).flatMap(place));
  const warnings = doubts(config, unnamed).flatMap(place);
  const origins = new Map([...settings].map(([path, setting]) => [path, originOf(setting)]));
  const loaded = { config, digest: configDigest(config), origins, warnings, file };
  if (problems.length > 0) throw new ConfigError(problems, warnings, loaded);
  return loaded;
}

function originOf({ origin, written }: Setting): string {
  return written === undefined ? origin : `${origin}: ${written}`;
}

/**
 * The configuration in which nothing but the scanner's identifier is set.
 *
 * @throws {Error} if the identifier is not valid
 */
export function defaultConfig(scannerId: string): Config {
  const fallbacks = keysOf(configTree()).map(({ path, fallback }) => [path, fallback] as const);
  return buildConfig(new Map([...fallbacks, ["scanner.id", scannerId]]));
}

/**
 * Checks each value by itself; a rejected one is replaced by its default, so that the others can be checked together.
 */
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

/** One problem, or one for each bad item of a list or a map. */
function refusals(key: ConfigKey, setting: Setting, issues: readonly z.core.$ZodIssue[]): ConfigProblem[] {
  const items = new Map(
    key.itemExpects !== undefined && isObject(setting.value) ? Object.entries(setting.value) : [],
  );
  const names = new Set(issues.map(({ path }) => String(path[0] ?? "")));
  return [...names].map((name) => {
    const isItem = items.has(name);
    const value = show(isItem ? items.get(name) : setting.value, key.secret);
    const item = key.reads === "list" ? `item ${Number(name) + 1}` : quote(name);
    const expected = isItem ? `${item}: expected ${key.itemExpects}` : `expected ${key.expects}`;
    return {
      source: setting.itemOrigins?.get(name) ?? setting.origin,
      key: key.path,
      value,
      problem: `${expected}, got ${value}${setting.written === undefined ? "" : ` from ${quote(setting.written)}`}`,
      remedy: remedyFor(key, setting),
    };
  });
}

function remedyFor(key: ConfigKey, { value, written }: Setting): string | null {
  if (written !== undefined) return "write a name instead, or rename this machine with hostnamectl";
  if (key.reads === "map" && !isMapping(value)) return "write { room: attic } in a file, room=attic in a variable";
  if (isQuoted(key, value)) return "write it without quotes";
  if (key.reads === "text" && key.words === undefined && isMapping(value)) return QUOTE_IT; // { and : mean something to YAML
  const word = typeof value === "string" && !key.secret ? meant(value, key.words ?? []) : null;
  return word === null ? null : `did you mean ${word}?`;
}

function isMapping(value: unknown): boolean {
  return isObject(value) && !Array.isArray(value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Whether it is a quoted number or boolean, which YAML takes for text. */
function isQuoted({ reads }: ConfigKey, value: unknown): boolean {
  return typeof value === "string" && (reads === "number" || reads === "boolean") &&
    /^([0-9.+-]+|true|false)$/.test(value);
}

function missing(key: ConfigKey): ConfigProblem {
  const flag = key.path === "scanner.id" ? "--scanner-id, " : "";
  const remedy = `set it with ${flag}${key.environment} or in the file`;
  return { source: null, key: key.path, value: null, problem: `missing: expected ${key.expects}`, remedy };
}

/** Builds the object from its leaves, and resolves references between keys. */
function buildConfig(values: ReadonlyMap<string, unknown>): Config {
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
    filter: {
      ...filter,
      allow: upperCase(filter.allow),
      deny: upperCase(filter.deny),
      services: filter.services.map(fullUuid),
    },
    mqtt: {
      ...mqtt,
      broker: { ...mqtt.broker, hosts: mqtt.broker.hosts.map((each) => withPort(each, mqtt.broker.port)) },
      client: { ...mqtt.client, client_id: mqtt.client.client_id.replaceAll("{scanner.id}", scanner.id) },
    },
  };
}

function upperCase(addresses: readonly string[]): string[] {
  return addresses.map((address) => address.toUpperCase());
}

/** Adds where the keys were set, and leaves out problems that follow from a value already rejected. */
function placer(
  settings: ReadonlyMap<string, Setting>,
  refused: ReadonlySet<string | null>,
): (found: KeyProblem) => ConfigProblem[] {
  return ({ keys, problem, remedy }) => {
    if (keys.some((key) => refused.has(key))) return [];
    const source = keys.map((key) => settings.get(key)?.origin).find((origin) => origin !== undefined) ?? null;
    return [{ source, key: keys[0] ?? null, value: null, problem, remedy }];
  };
}
