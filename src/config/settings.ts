import type { ConfigKey } from "./keys.ts";
import type { ConfigProblem } from "./problem.ts";

/** A value for one key, not yet checked. */
export interface Setting {
  readonly value: unknown;
  /** Where it was set: `config.yaml:4:9`, `BT_SCANNER_LOG_LEVEL`, `--qos`. */
  readonly origin: string;
  /** For a list or a map in a file, where each item is, by its index or name. */
  readonly itemOrigins?: ReadonlyMap<string, string>;
  /** What was written, if a placeholder in it was filled in. */
  readonly written?: string;
}

/** What one source (the file, the environment, the flags) sets, by path. */
export interface SourceSettings {
  readonly settings: ReadonlyMap<string, Setting>;
  readonly problems: readonly ConfigProblem[];
}

/** Converts text to the type of its key; text that does not look like it stays text, and is rejected later. */
export function valueFromText(key: ConfigKey, text: string): unknown {
  switch (key.reads) {
    case "number":
      if (/^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/i.test(text)) return Number(text);
      break;
    case "boolean":
      if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
      break;
    case "list":
      return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
    case "map": {
      const pairs = text.split(",").map((pair) => pair.trim()).filter((pair) => pair !== "").map(nameAndValue);
      const values = new Map(pairs.filter((pair) => pair !== null));
      if (values.size === pairs.length) return mapOf(values) ?? text; // else there is one twice, or without a value
      break;
    }
    case "text":
      break;
    default:
      return key.reads satisfies never;
  }
  return text === "" && key.schema.safeParse(null).success ? null : text;
}

function nameAndValue(pair: string): readonly [string, string] | null {
  const equals = pair.indexOf("=");
  return equals < 0 ? null : [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
}

/** An object with these values; null: it cannot have one of these names. */
export function mapOf(values: ReadonlyMap<string, unknown>): Readonly<Record<string, unknown>> | null {
  return values.has("__proto__") ? null : Object.fromEntries(values); // checking an object passes over that name
}
