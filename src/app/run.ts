/** The agent, put together and run: a door of its own, for it loads the connection to the broker.
 *
 * @module
 */
import { Agent, type LogFields, type Logger, ScanError, Vitals } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { type ByteOutput, createLog, LineWriter } from "../log/mod.ts";
import { MqttPublisher } from "../mqtt/mod.ts";
import { countFields, type StatusOptions, statusWill } from "../status/mod.ts";
import { giveBackSeldom } from "./giving_back.ts";
import { EXIT } from "./exit_codes.ts";
import { failureCode } from "./failure.ts";
import type { Host } from "./host.ts";
import { agentOptions, mqttOptions, statusTopic } from "./options.ts";
import { startReaders } from "./readers.ts";
import { createScanner } from "./scanner.ts";

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
  const log = createLog({ ...config.log, journal: host.isJournal, write, now: host.clock.wallMs });
  host.onFault((fault) => {
    log.error("unexpected error", faultFields(fault));
    return flush();
  });
  host.onHangup(() => log.warn("SIGHUP ignored", { reason: "a changed configuration takes effect after a restart" }));
  const ended = new AbortController();
  // Not while it ends: a full collection may take longer than is left for that.
  const ending = AbortSignal.any([signal, ended.signal]);
  if (host.memoryGiver !== null) giveBackSeldom(host.memoryGiver, host.clock, ending);
  const exitCode = await runAgent(config, host, log, signal);
  ended.abort();
  await flush();
  return exitCode;
}

/** Wires the agent: everything is made after what it needs. */
async function runAgent(config: Config, host: RunHost, log: Logger, signal: AbortSignal): Promise<number> {
  const { clock, random, readFile, version } = host;
  const { id: scannerId, source } = config.scanner;
  const scanner = createScanner(config, host, log);
  const vitals = new Vitals({ clock, missed: () => scanner.missed, log });
  const status = { scannerId, version, topic: statusTopic(config), ...host.machine };
  const dropped = () => vitals.counters.droppedOffline;
  const publisher = new MqttPublisher(mqttOptions(config, host, statusWill(status, vitals)), {
    clock,
    random,
    log,
    readFile,
    connection: vitals,
    dropped,
  });
  const agent = new Agent(agentOptions(config), { scanner, publisher, vitals, clock, random, log });
  log.info("starting", { version, scanner_id: scannerId, source });
  let exitCode: number = EXIT.ok;
  try {
    await using connection = publisher;
    await using _ = await startReaders({ config, host, vitals, publisher, log, status }, signal);
    connection.start();
    await agent.run(signal);
  } catch (error) {
    log.error("fatal error", error instanceof ScanError ? { reason: error.message } : { error });
    exitCode = failureCode(error);
  }
  log.info("ended", { exit_code: exitCode, ...(vitals.hasScanned ? countFields(vitals.counters) : {}) });
  return exitCode;
}

/** Anything can be thrown; an object that is no error may be options with a password in them. */
function faultFields(fault: unknown): LogFields {
  if (fault instanceof Error) return { error: fault, stack: fault.stack };
  return { error: Object(fault) === fault ? "a thrown object that is not an error" : String(fault) };
}
