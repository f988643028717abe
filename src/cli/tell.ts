import { fstatSync } from "node:fs";
import type { LogLevel } from "../agent/mod.ts";
import { journalLines } from "../log/mod.ts";
import { type FileIdentity, isJournal } from "../systemd/mod.ts";
import type { CliIo } from "./io.ts";

const STDERR = 2;

/** Whether standard error goes to systemd's journal. */
export function logsToJournal(env: CliIo["host"]["env"]): boolean {
  const stream = env["JOURNAL_STREAM"];
  return stream !== undefined && isJournal(stream, stderrIdentity());
}

/** Writes lines to standard error; for the journal, with their severity. */
export function tell({ host: { env }, stderr }: Pick<CliIo, "host" | "stderr">, level: LogLevel, text: string): void {
  stderr(logsToJournal(env) ? journalLines(level, text) : text);
}

/** Deno's own `stat` takes paths only, and `/proc` is closed to it. */
function stderrIdentity(): FileIdentity | null {
  try {
    return fstatSync(STDERR, { bigint: true });
  } catch {
    return null;
  }
}
