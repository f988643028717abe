import {
  Agent,
  countFields,
  type LogFields,
  type MemoryUse,
  type Publisher,
  ScanError,
  StatusReporter,
} from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { createLog, LineWriter } from "../log/mod.ts";
import { MqttPublisher } from "../mqtt/mod.ts";
import { systemClock } from "../time/mod.ts";
import { agentOptions, createScanner, createServiceNotifier, mqttOptions, offlineReason } from "./compose.ts";
import { readMachine } from "./machine.ts";
import { EXIT } from "./exit_codes.ts";
import { failureCode } from "./failure.ts";
import { logsToJournal } from "./journal.ts";
import type { CliIo } from "./program.ts";
import { VERSION } from "./version.ts";

/** A log that nobody takes must not keep the agent from ending. */
const FLUSH_TIMEOUT_MS = 200;

/**
 * `bt-scanner run`: scans and publishes until `signal` aborts or a recording is published.
 *
 * @returns the exit code
 */
export async function run(
  config: Config,
  io: Pick<CliIo, "env" | "log" | "onFault" | "onHangup">,
  signal: AbortSignal,
): Promise<number> {
  const clock = systemClock;
  const lines = new LineWriter(io.log);
  const flush = () => lines.flush(AbortSignal.timeout(FLUSH_TIMEOUT_MS));
  const journal = logsToJournal(io.env);
  const log = createLog({ ...config.log, journal, write: (line) => lines.write(line), now: clock.wallMs });
  io.onFault((fault) => {
    log.error("unexpected error", faultFields(fault));
    return flush();
  });
  io.onHangup(() => log.warn("SIGHUP ignored", { reason: "a changed configuration takes a restart" }));
  const { id: scannerId, source } = config.scanner;
  const topic = config.status.enabled ? `${config.status.topic_prefix}/${scannerId}` : null;
  const statusOptions = { scannerId, version: VERSION, topic, ...readMachine() };
  const status = new StatusReporter(statusOptions, (): Publisher => publisher, clock);
  const parts = { clock, random: Math.random, log };
  const publisher = new MqttPublisher(mqttOptions(config, status.will), {
    ...parts,
    readFile: Deno.readFile,
    onOnline: () => {
      status.online();
      service?.online();
    },
    onSteady: () => status.warningChanged(),
    dropped: (): number => agent.counters.droppedOffline,
  });
  const service = createServiceNotifier(config, {
    clock,
    log,
    scan: () => status.scanState,
    offlineReason: () => offlineReason(publisher.state),
    warning: () => publisher.warning,
    published: () => agent.counters.published,
  });
  const noble = createScanner(config, clock, log);
  const scanner = service?.watch(noble) ?? noble;
  const agent = new Agent(agentOptions(config), { ...parts, scanner, publisher, status, memory });
  log.info("starting", { version: VERSION, scanner_id: scannerId, source });
  let exitCode: number = EXIT.ok;
  try {
    await using connection = publisher;
    connection.start();
    await using _ = service?.start(signal);
    await agent.run(signal);
  } catch (error) {
    log.error("cannot go on", error instanceof ScanError ? { reason: error.message } : { error });
    exitCode = failureCode(error);
  }
  log.info("ended", { exit_code: exitCode, ...(agent.hasScanned ? countFields(agent.counters) : {}) });
  await flush();
  return exitCode;
}

function memory(): MemoryUse {
  const { heapUsed: heapBytes, rss: rssBytes } = Deno.memoryUsage();
  return { heapBytes, rssBytes };
}

/** Anything can be thrown; an object that is no error may be options with a password in them. */
function faultFields(fault: unknown): LogFields {
  if (fault instanceof Error) return { error: fault, stack: fault.stack };
  return { error: Object(fault) === fault ? "an object that is no error" : String(fault) };
}
