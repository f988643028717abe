import { EXIT } from "../app/exit_codes.ts";
import { type OpenLibc, readText } from "../hci/mod.ts";
import { recordPath } from "../systemd/mod.ts";
import type { ConfigReading } from "../app/mod.ts";
import type { CliIo } from "./io.ts";
import { rereadConfig } from "./reread.ts";
import { describeReload, servicePid } from "./running.ts";
import type { RunningRecord } from "./running_record.ts";

/**
 * `bt-scanner check --against-running`: what a reload of a service would do. It is asked for what it was started with
 * and works with, and its file is read as it would read it.
 *
 * @param unit `bt-scanner`, `bt-scanner@hci1`
 * @param file in place of the one that the service has read; null: that one
 * @returns the exit code: 0 if it would be accepted, 2 if not, 1 if there is nothing to compare with
 */
export async function checkAgainstRunning(unit: string, file: string | null, io: CliIo): Promise<number> {
  const against = await readAgainstRunning(unit, file, io) ?? `${unit}.service does not run: nothing to compare with`;
  if (typeof against === "string") {
    io.stderr(`${against}\n`);
    return EXIT.failure;
  }
  const { running, reading } = against;
  for (const warning of reading.warnings) io.stderr(`warning: ${warning}\n`);
  const { text, isAccepted } = describeReload(running, reading);
  io.stdout(text);
  return isAccepted ? EXIT.ok : EXIT.usage;
}

/** What a service works with, and what it would read now. */
export interface AgainstRunning {
  readonly running: RunningRecord;
  readonly reading: ConfigReading;
}

/**
 * Compares, for {@linkcode checkAgainstRunning} and `doctor`.
 *
 * @returns text: why it is not known what the service works with; null: it does not run
 */
export async function readAgainstRunning(
  unit: string,
  file: string | null,
  io: CliIo,
): Promise<AgainstRunning | string | null> {
  const running = readRunning(unit, io);
  if (running === null || typeof running === "string") return running;
  const host = { ...io.host, env: running.env };
  return { running, reading: await rereadConfig(running.args, file ?? running.file, { ...io, host }) };
}

/** The record of the service, or why there is none; null: it does not run. */
function readRunning(unit: string, { host: { linux } }: CliIo): RunningRecord | string | null {
  let libc: OpenLibc;
  try {
    libc = linux.openLibc();
  } catch (error) {
    return `Cannot look at ${unit}.service: ${error instanceof Error ? error.message : error}`;
  }
  using _ = libc;
  const pid = servicePid(unit, (path) => readText(libc, path));
  if (pid === null) return null;
  const path = recordPath(pid, (link) => libc.readlink(link));
  const text = path === null ? null : readText(libc, path);
  if (text === null) {
    return `Cannot see what ${unit}.service, process ${pid}, works with: use sudo, or it is of an older version`;
  }
  try {
    return JSON.parse(text) as RunningRecord;
  } catch {
    return `What ${unit}.service, process ${pid}, tells of itself cannot be read: it is of another version`;
  }
}
