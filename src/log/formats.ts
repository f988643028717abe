import type { LogRecord, TextFormatter } from "@logtape/logtape";
import { escapeInvisible } from "../text/mod.ts";
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

function isoTime(timestamp: LogRecord["timestamp"]): string {
  return new Date(timestamp).toISOString();
}
