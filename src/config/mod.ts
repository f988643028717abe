/**
 * The configuration: what may be set, where it is set, and what is wrong with it.
 *
 * Precedence: flags, environment variables, the YAML file, defaults. A variable is called `BT_SCANNER_` and the key's
 * path in capitals, `_` for each dot: `BT_SCANNER_MQTT_BROKER_TLS_CA_FILE`. Its text takes the type of its key: `42` is
 * a name for a scanner and a number for a port; an empty text is null where the key can be null; the items of a list
 * are separated by commas. `BT_SCANNER_CONFIG` stands for `--config`; if neither is given, the service's file is read
 * if it exists.
 *
 * @module
 */
export { checkNamedFiles, type FileFacts } from "./named_files.ts";
export type { Flags } from "./flags.ts";
export { configJsonSchema } from "./json_schema.ts";
export { type LocatedFile, locateFile, SYSTEM_FILE } from "./locate.ts";
export { type ConfigSources, defaultConfig, loadConfig, type LoadedConfig } from "./load.ts";
export { ConfigError, type ConfigProblem, inFileOrder, renderProblem } from "./problem.ts";
export { redact, renderConfig, renderExample } from "./render.ts";
export { type ConfigKeyInfo, type ConfigSectionInfo, listConfigKeys, listConfigSections } from "./reference.ts";
export type { Config } from "./config_schema.ts";
