import type { LogRecord, TextFormatter } from "@logtape/logtape";
import { type ErrorStyle, type Plain, plainFields } from "./fields.ts";

/** For machines: one JSON object per line with `time`, `level`, `event` and `fields`. */
export function jsonFormatter(style: ErrorStyle): TextFormatter {
  return ({ timestamp, level, rawMessage: event, properties }) => {
    const line = { time: isoTime(timestamp), level, event, fields: plainFields(properties, style) };
    return `${escapeInvisible(JSON.stringify(line))}\n`;
  };
}

/** For people: time, level, event, then `key=value` for each field. */
export function textFormatter(style: ErrorStyle): TextFormatter {
  return ({ timestamp, level, rawMessage: event, properties }) => {
    const pairs = Object.entries(plainFields(properties, style)).map(([key, value]) => {
      return ` ${bareOrQuoted(key)}=${bareOrQuoted(value)}`;
    });
    const start = `${isoTime(timestamp)} ${level.toUpperCase().padEnd("WARNING".length)}`;
    return `${start} ${escapeInvisible(String(event))}${pairs.join("")}\n`;
  };
}

/**
 * Bare where that is one word of letters, digits and harmless signs; in quotes otherwise, so that
 * no value can pass for a further field. Anything nested is JSON.
 */
function bareOrQuoted(value: Plain): string {
  if (typeof value === "string" && /^[\w./:@%+,-]+$/.test(value)) return value;
  return escapeInvisible(JSON.stringify(value));
}

/**
 * Escapes as JSON does what a terminal would obey or not show: control characters (C0 with ESC and
 * line feeds, C1), format characters (direction overrides, zero width), line and paragraph
 * separators. In a line of JSON they only occur within strings, so its meaning stays.
 */
function escapeInvisible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (match) => match.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}

function isoTime(timestamp: LogRecord["timestamp"]): string {
  return new Date(timestamp).toISOString();
}
