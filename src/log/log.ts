import { compareLogLevel, getLogLevels, type TextFormatter } from "@logtape/logtape";
import type { LogFields, Logger, LogLevel } from "../agent/mod.ts";
import { journalFormatter, jsonFormatter, textFormatter } from "./formats.ts";
import type { RecentWarnings } from "./recent_warnings.ts";

/** How a log is written. */
export interface LogOptions {
  /** The lowest severity that is written. At `debug` and `trace`, errors come with their stack. */
  readonly level: LogLevel;
  /** `text` for people, `json` (one object per line) for machines. */
  readonly format: "text" | "json";
  /** Whether systemd's journal reads it: then each line begins with its priority, and text lines have no timestamp. */
  readonly journal?: boolean;
  /** Told of each warning and error that is written. */
  readonly warnings?: Pick<RecentWarnings, "logged">;
  /** Takes a line, line feed included, or two at once; false: it had to drop them. */
  readonly write: (line: string) => boolean | void;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** A log that writes lines, at a level and in a format that may change. */
export interface LineLog extends Logger {
  /** From the next record on. */
  configure(options: Pick<LogOptions, "level" | "format">): void;
}

/**
 * A log that writes lines.
 *
 * Records have the form that LogTape gives them, and severities its order. Its tree of configured loggers is not used:
 * it is global to the process, and costs a megabyte.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createLog } from "./log.ts";
 *
 * const lines: string[] = [];
 * const log = createLog({ level: "info", format: "text", write: (line) => void lines.push(line), now: () => 0 });
 * log.info("broker connected", { host: "localhost", name: "a b" });
 * assert.equal(lines[0], '1970-01-01T00:00:00.000Z INFO    broker connected host=localhost name="a b"\n');
 * ```
 */
export function createLog({ level, format, journal = false, warnings, write, now }: LogOptions): LineLog {
  let levels: ReadonlySet<LogLevel>;
  let formatter: TextFormatter;
  let dropped = 0;
  configure({ level, format });

  function configure({ level: least, format }: Pick<LogOptions, "level" | "format">): void {
    levels = new Set(getLogLevels().filter((each): each is LogLevel => compareLogLevel(each, least) >= 0));
    const style = { stack: levels.has("debug") };
    const plain = format === "json" ? jsonFormatter(style) : textFormatter({ ...style, time: !journal });
    formatter = journal ? journalFormatter(plain) : plain;
  }

  function line(level: LogLevel, event: string, properties: LogFields): string {
    return formatter({ category: [], level, message: [event], rawMessage: event, timestamp: now(), properties });
  }

  function log(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (level === "warning" || level === "error") warnings?.logged(level, event, fields);
    try {
      const notice = dropped === 0 ? "" : line("warning", "log lines dropped", { count: dropped });
      const taken = write(notice + line(level, event, fields)) !== false;
      dropped = taken ? 0 : dropped + 1;
    } catch {
      dropped++; // A log that cannot be written, a closed terminal, must not end the program.
    }
  }

  const at = (level: LogLevel): Logger["info"] => (event, fields) => {
    if (levels.has(level)) log(level, event, fields);
  };
  return {
    enabled: (level) => levels.has(level),
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warning"),
    error: at("error"),
    configure,
  };
}
