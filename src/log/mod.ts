/**
 * The log: events with fields, as lines of text or JSON.
 *
 * @module
 */
export { journalLines } from "./formats.ts";
export { createLog, type LineLog, type LogOptions } from "./log.ts";
export { type ByteOutput, LineWriter } from "./line_writer.ts";
export { type RecentWarning, RecentWarnings } from "./recent_warnings.ts";
