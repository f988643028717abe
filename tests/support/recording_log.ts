import type { LogFields, Logger, LogLevel } from "../../src/agent/mod.ts";

/** One record, as it was logged. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

const LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warning", "error"];

/** A logger that keeps what it is told. */
export class RecordingLog implements Logger {
  readonly records: LogRecord[] = [];

  constructor(private readonly level: LogLevel = "debug") {}

  /** The records of one event. */
  of(event: string): LogRecord[] {
    return this.records.filter((record) => record.event === event);
  }

  enabled(level: LogLevel): boolean {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.level);
  }

  trace(event: string, fields: LogFields = {}): void {
    this.#record("trace", event, fields);
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#record("debug", event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#record("info", event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#record("warning", event, fields);
  }

  error(event: string, fields: LogFields = {}): void {
    this.#record("error", event, fields);
  }

  #record(level: LogLevel, event: string, fields: LogFields): void {
    if (this.enabled(level)) this.records.push({ level, event, fields });
  }
}
