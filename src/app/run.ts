/** The agent, put together and run: a door of its own, for it loads the connection to the broker.
 *
 * @module
 */
import { type LogFields, ScanError } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { type ByteOutput, createLog, type LineLog, LineWriter, RecentWarnings } from "../log/mod.ts";
import { countFields, type StatusOptions } from "../status/mod.ts";
import { readNotifySettings, RunningRecord } from "../systemd/mod.ts";
import { giveBack, giveBackSeldom } from "./giving_back.ts";
import { EXIT } from "./exit_codes.ts";
import { failureCode } from "./failure.ts";
import type { Host } from "./host.ts";
import { startReaders } from "./readers.ts";
import { type ConfigReading, Reloads } from "./reloads.ts";
import { Running } from "./running.ts";

/** A log that nobody takes must not keep the agent from ending. */
const FLUSH_TIMEOUT_MS = 200;

/** What {@linkcode run} asks of the process, besides what its parts do. */
export interface RunHost extends Host {
  /** Version of the program. */
  readonly version: string;
  /** Name of the machine, and what its kernel calls this boot; null: they cannot be read. */
  readonly machine: Pick<StatusOptions, "hostname" | "bootId">;
  /** Where the log goes; never waited for. */
  readonly log: ByteOutput;
  /** Whether that is systemd's journal. */
  readonly isJournal: boolean;
  /** Has `report` called with an error that nobody caught; the process ends once that resolves. */
  readonly onFault: (report: (fault: unknown) => Promise<void>) => void;
  /** What tells the configuration from others, see {@linkcode StatusOptions.configDigest}. */
  readonly digest: string;
  /** What other programs may know of command line, environment and configuration, without secrets. */
  readonly record: string;
  /** Reads the configuration anew, from where it was read for this run. */
  readonly readConfig: () => Promise<ConfigReading>;
  /** Has `report` called at each SIGHUP. */
  readonly onHangup: (report: () => void) => void;
}

/**
 * `bt-scanner run`: scans and publishes until `signal` aborts or a recording is published.
 *
 * @returns the exit code
 */
export async function run(config: Config, host: RunHost, signal: AbortSignal): Promise<number> {
  const lines = new LineWriter(host.log);
  const flush = () => lines.flush(AbortSignal.timeout(FLUSH_TIMEOUT_MS));
  const write = (line: string) => lines.write(line);
  const warnings = new RecentWarnings(host.clock);
  const log = createLog({ ...config.log, journal: host.isJournal, warnings, write, now: host.clock.wallMs });
  host.onFault((fault) => {
    log.error("unexpected error", faultFields(fault));
    return flush();
  });
  const ended = new AbortController();
  // Not while it ends: a full collection may take longer than is left for that.
  const ending = AbortSignal.any([signal, ended.signal]);
  if (host.memoryGiver !== null) giveBackSeldom(host.memoryGiver, host.clock, ending);
  const exitCode = await runAgent(config, host, { log, warnings }, signal);
  ended.abort();
  await flush();
  return exitCode;
}

/** Runs the agent with all who read what is true of it, and changes its configuration at each SIGHUP. */
async function runAgent(
  config: Config,
  host: RunHost,
  { log, warnings }: { readonly log: LineLog; readonly warnings: RecentWarnings },
  signal: AbortSignal,
): Promise<number> {
  const { version } = host;
  const running = new Running({ config, digest: host.digest }, host, log, warnings);
  const { agent, vitals, publisher } = running;
  log.info("starting", { version, scanner_id: config.scanner.id, source: config.scanner.source });
  let exitCode: number = EXIT.ok;
  try {
    await using connection = publisher;
    await using readers = await startReaders(running, signal);
    connection.start();
    const read = () => host.readConfig().finally(() => giveBack(host.memoryGiver));
    const keep = recordKeeper(host);
    keep(host.record);
    await using reloads = new Reloads({ read, keep, running, readers }, signal);
    host.onHangup(() => reloads.request());
    await agent.run(signal);
  } catch (error) {
    log.error("fatal error", error instanceof ScanError ? { reason: error.message } : { error });
    exitCode = failureCode(error);
  }
  log.info("ended", { exit_code: exitCode, ...(vitals.hasScanned ? countFields(vitals.counters) : {}) });
  return exitCode;
}

/** A service can be asked what it works with; nobody looks for that elsewhere. */
function recordKeeper({ env, pid, linux }: RunHost): (record: string) => void {
  if (readNotifySettings(env, pid) === null) return () => {};
  try {
    const record = new RunningRecord(linux.openLibc()); // open for as long as the process
    return (text) => record.keep(text);
  } catch {
    return () => {};
  }
}

/** Anything can be thrown; an object that is no error may be options with a password in them. */
function faultFields(fault: unknown): LogFields {
  if (fault instanceof Error) return { error: fault, stack: fault.stack };
  return { error: Object(fault) === fault ? "a thrown object that is not an error" : String(fault) };
}
