import type { LogRecord, TextFormatter } from "@logtape/logtape";
import type { LogFields, LogLevel } from "../agent/mod.ts";
import { escapeInvisible } from "../text/mod.ts";
import { type ErrorStyle, type Plain, plainFields } from "./fields.ts";

/** For machines: one JSON object per line with `time`, `level`, `event` and `fields`. */
export function jsonFormatter(style: ErrorStyle): TextFormatter {
  return ({ timestamp, level, rawMessage: event, properties }) => {
    const line = { time: isoTime(timestamp), level, event, fields: plainFields(properties, style) };
    return `${escapeInvisible(JSON.stringify(line))}\n`;
  };
}

/** How a line of text is written. */
export interface TextStyle extends ErrorStyle {
  /** With the time in front. */
  readonly time: boolean;
}

/** For people: time, level, event, then `key=value` for each field. */
export function textFormatter(style: TextStyle): TextFormatter {
  return ({ timestamp, level, rawMessage: event, properties }) => {
    const time = style.time ? `${isoTime(timestamp)} ` : "";
    const told = [escapeInvisible(String(event)), fieldsText(properties, style)].filter((text) => text !== "");
    return `${time}${level.toUpperCase().padEnd("WARNING".length)} ${told.join(" ")}\n`;
  };
}

/** Fields as a line of text has them: `key=value` for each. */
export function fieldsText(fields: LogFields, style: ErrorStyle = { stack: false }): string {
  return Object.entries(plainFields(fields, style)).map(([key, value]) => {
    return `${bareOrQuoted(key)}=${bareOrQuoted(value)}`;
  }).join(" ");
}

/** The priorities of syslog(3). */
const PRIORITIES: Readonly<Record<LogRecord["level"], number>> = {
  fatal: 2,
  error: 3,
  warning: 4,
  info: 6,
  debug: 7,
  trace: 7,
};

/** Lines for systemd's journal, which strips the priority again. @see sd-daemon(3) */
export function journalLines(level: LogLevel, text: string): string {
  return withPriority(PRIORITIES[level], text);
}

/** The same of a record. */
export function journalFormatter(format: TextFormatter): TextFormatter {
  return (record) => withPriority(PRIORITIES[record.level], format(record));
}

function withPriority(priority: number, lines: string): string {
  return lines.replace(/^(?=.)/gm, `<${priority}>`);
}

/**
 * Bare if it is one word of letters, digits and harmless signs; otherwise quoted, so that no value can pass for another
 * field. Anything nested is JSON.
 */
function bareOrQuoted(value: Plain): string {
  if (typeof value === "string" && /^[\w./:@%+,-]+$/.test(value)) return value;
  return escapeInvisible(JSON.stringify(value));
}

function isoTime(timestamp: LogRecord["timestamp"]): string {
  return new Date(timestamp).toISOString();
}
