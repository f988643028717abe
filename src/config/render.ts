import { type ConfigKey, type ConfigSection, configTree, keysOf, valueAt } from "./keys.ts";
import { quote } from "./problem.ts";
import type { Config } from "./config_schema.ts";

/** The configuration with its secrets replaced by `***`, safe to show. */
export function redact(config: Config): Config {
  const copy = structuredClone(config);
  for (const { path } of keysOf(configTree()).filter(({ secret }) => secret)) {
    const dot = path.lastIndexOf(".");
    const name = path.slice(dot + 1);
    const section = valueAt(copy, path.slice(0, dot)) as Record<string, unknown>;
    if (section[name] !== null) section[name] = "***";
  }
  return copy;
}

/**
 * The configuration as YAML, secrets redacted.
 *
 * @param origins where keys were set, by path; appended as comments
 */
export function renderConfig(config: Config, origins: ReadonlyMap<string, string> = new Map()): string {
  const shown = redact(config);
  return renderSection(configTree(), 0, {
    section: () => [],
    key(key) {
      const origin = origins.get(key.path);
      const value = yamlValue(valueAt(shown, key.path));
      return { above: [], value: origin === undefined ? value : `${value} # ${quote(origin).slice(1, -1)}` };
    },
  });
}

/** A configuration file with every key, its default and an explanation. */
export function renderExample(scannerId: string): string {
  const header = [
    "# Configuration of bt-scanner. Every key is here with its default; leave out what you do not change.",
    "# Precedence: flags, environment, this file, defaults. A variable is called BT_SCANNER_ and the key's path in",
    "# capitals: BT_SCANNER_MQTT_BROKER_HOST; lists are separated by commas.",
    "# Paths are relative to the working directory. The service reads /etc/bt-scanner/config.yaml, and so does",
    "# every command, unless --config or BT_SCANNER_CONFIG names another file or --no-config is given.",
    "# `bt-scanner check` reports every mistake.",
    "",
  ];
  const body = renderSection(configTree(), 0, {
    section: ({ description }) => wrapComment(description),
    key: ({ path, fallback, description, expects }) => ({
      above: [...wrapComment(description), ...wrapComment(`Expects ${expects}.`)],
      value: yamlValue(path === "scanner.id" ? scannerId : fallback),
    }),
  });
  return `${header.join("\n")}\n${body}`;
}

interface Renderer {
  section(section: ConfigSection): readonly string[];
  key(key: ConfigKey): { readonly above: readonly string[]; readonly value: string };
}

function renderSection(section: ConfigSection, depth: number, renderer: Renderer): string {
  const indent = "  ".repeat(depth);
  let text = "";
  for (const [name, child] of section.children) {
    if ("children" in child) {
      const above = renderer.section(child).map((line) => `${indent}${line}\n`).join("");
      text += `${depth === 0 && above !== "" && text !== "" ? "\n" : ""}${above}${indent}${name}:\n`;
      text += renderSection(child, depth + 1, renderer);
    } else {
      const { above, value } = renderer.key(child);
      text += [...above, `${name}: ${value}`].map((line) => `${indent}${line}\n`).join("");
    }
  }
  return text;
}

/** A value as YAML has it on one line. */
export function yamlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(quoteItem).join(", ")}]`;
  if (typeof value === "object" && value !== null) return yamlMap(Object.entries(value));
  if (typeof value !== "string") return String(value);
  const plain = /^[A-Za-z][\w./{}-]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return plain ? value : quote(value);
}

function quoteItem(item: unknown): string {
  return quote(String(item));
}

function yamlMap(entries: readonly [string, unknown][]): string {
  if (entries.length === 0) return "{}";
  return `{ ${entries.map(([name, value]) => `${yamlValue(name)}: ${quoteItem(value)}`).join(", ")} }`;
}

function wrapComment(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 100) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}
