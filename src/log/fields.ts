/** What a field may become: plain data, of bounded size, safe to hand to `JSON.stringify`. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** How an error is written. */
export interface ErrorStyle {
  /** With its stack. */
  readonly stack: boolean;
}

const MOST_CHARACTERS = 2_000;
const MOST_ITEMS = 50;
/** Ends cycles too. */
const MOST_LEVELS = 6;

/** Turns a record's fields into plain data. */
export function plainFields(
  fields: Readonly<Record<string, unknown>>,
  style: ErrorStyle,
): Readonly<Record<string, Plain>> {
  const plain = plainValue(fields, style);
  return isRecord(plain) ? plain : { fields: plain };
}

function isRecord(value: Plain): value is Readonly<Record<string, Plain>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Turns a field's value into plain data. Never throws, whatever getters and proxies do. */
export function plainValue(value: unknown, style: ErrorStyle, level = 0): Plain {
  try {
    switch (typeof value) {
      case "string":
        return clip(value);
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "boolean":
        return value;
      case "object":
        return value === null ? null : plainObject(value, style, level);
      case "undefined":
        return null;
      default:
        return clip(String(value));
    }
  } catch {
    return "[unreadable]";
  }
}

function plainObject(value: object, style: ErrorStyle, level: number): Plain {
  if (level >= MOST_LEVELS) return "…";
  if (value instanceof Error) return plainError(value, style, level);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof Uint8Array) return clip(value.subarray(0, MOST_CHARACTERS).toHex());
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map((item) => plainValue(item, style, level + 1));
    return value.length > MOST_ITEMS ? [...items, `… ${value.length - MOST_ITEMS} more`] : items;
  }
  return record(Object.entries(value), style, level);
}

/** Leaves out what is undefined. */
function record(entries: readonly (readonly [string, unknown])[], style: ErrorStyle, level: number): Plain {
  const given = entries.filter(([, value]) => value !== undefined).slice(0, MOST_ITEMS);
  return Object.fromEntries(given.map(([key, value]) => [clip(key), plainValue(value, style, level + 1)]));
}

/** Name, message, code, the errors it aggregates, its cause; the stack if wanted. */
function plainError(error: Error, style: ErrorStyle, level: number): Plain {
  const { name, message, stack, cause } = error;
  const code = "code" in error ? error.code : undefined;
  const errors = error instanceof AggregateError ? error.errors : undefined;
  const parts = { name, message, code, errors, cause, stack: style.stack ? stack : undefined };
  return record(Object.entries(parts), style, level);
}

function clip(text: string): string {
  return text.length <= MOST_CHARACTERS
    ? text
    : `${text.slice(0, MOST_CHARACTERS)}… ${text.length - MOST_CHARACTERS} more`;
}
