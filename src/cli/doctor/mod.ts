/** `bt-scanner doctor`: everything that could keep the agent from working, and what to do about it.
 *
 * @module
 */
import { EXIT } from "../../app/exit_codes.ts";
import type { Host } from "../../app/mod.ts";
import {
  type Config,
  ConfigError,
  type ConfigSources,
  defaultConfig,
  type FileFacts,
  loadConfig,
  renderProblem,
} from "../../config/mod.ts";
import { kernelFacts, type LinuxHost, readText } from "../../hci/mod.ts";
import { brokerCertificate, checkBroker, hearEcho } from "../../mqtt/mod.ts";
import { type AgainstRunning, readAgainstRunning } from "../against_running.ts";
import { examineConfig, inspectFile } from "../check.ts";
import type { CliIo } from "../io.ts";
import { examineBluetooth } from "./bluetooth.ts";
import { type BrokerIo, examineBroker } from "./broker.ts";
import { exitCodeOf, type Finding, ok, problem, renderFinding, renderJson, summarise, warning } from "./finding.ts";
import { examineMachine, type MachineIo } from "./machine.ts";
import { readiness } from "./readiness.ts";
import { examineReaders, type ReadersIo } from "./readers.ts";
import { examineInForce, examineService } from "./service.ts";

/** What `doctor` needs from outside. */
export interface DoctorIo extends BrokerIo, MachineIo, ReadersIo {
  readonly host: Host;
  /** What the service works with, beside what it would read now; text: why that is unknown; null: it does not run. */
  readonly againstRunning: () => Promise<AgainstRunning | string | null>;
  /** Opens a file for reading and describes it; rejects if it cannot. */
  readonly inspectFile: (path: string) => Promise<FileFacts>;
  /** Writes text to standard output. */
  readonly stdout: (text: string) => void;
}

/** The process's own. */
export function doctorIo(io: CliIo): DoctorIo {
  const { stdout, host } = io;
  const { clock, readFile, linux } = host;
  return {
    stdout,
    host,
    inspectFile,
    kernel: kernelFacts(),
    readiness: (listen, signal) => readiness(listen, clock, signal),
    againstRunning: () => readAgainstRunning("bt-scanner", null, io),
    readSystemText: (path) => readSystemText(path, linux),
    brokerCertificate: (options, signal) => brokerCertificate(options, { clock, readFile }, signal),
    checkBroker: (options, signal) => checkBroker(options, { clock, readFile }, signal),
    hearEcho: (options, message, signal) => hearEcho(options, message, { clock, readFile }, signal),
  };
}

function readSystemText(path: string, { openLibc }: LinuxHost): string | null {
  try {
    using libc = openLibc();
    return readText(libc, path);
  } catch {
    return null; // no C library that this process may use
  }
}

/**
 * Examines everything that the agent needs and prints each finding as it comes, one per line; as JSON, all at the end.
 *
 * @returns the exit code: 0 without a problem, 2 if the configuration cannot be used, 77 if only permission is missing,
 * otherwise 1
 */
export async function doctor(
  sources: ConfigSources,
  format: "text" | "json",
  io: DoctorIo,
  signal: AbortSignal,
): Promise<number> {
  const findings: Finding[] = [];
  try {
    for await (const finding of examine(sources, io, signal)) {
      findings.push(finding);
      if (format === "text") io.stdout(`${renderFinding(finding)}\n`);
    }
    io.stdout(format === "text" ? `\n${summarise(findings)}\n` : renderJson(findings));
    return exitCodeOf(findings);
  } catch (error) {
    if (!signal.aborted) throw error;
    return EXIT.failure; // told to end before everything was examined
  }
}

async function* examine(sources: ConfigSources, io: DoctorIo, signal: AbortSignal): AsyncGenerator<Finding> {
  const { config, isUsable } = yield* examineSources(sources, io);
  yield* examineMachine(io.host.clock.wallMs(), io);
  yield examineService(io.readSystemText);
  yield* await examineInForce(sources.file, io.againstRunning);
  yield* examineBluetooth(config.scanner, io.host.linux);
  yield* examineReaders(config, io, signal);
  if (isUsable) yield* examineBroker(config, io, signal);
  else yield warning("broker", "not examined until the configuration is valid", null);
}

/** What the rest of the examination works with. */
interface Examinable {
  /** With defaults in place of rejected values. */
  readonly config: Config;
  /** Whether nothing was rejected except perhaps the scanner's name. */
  readonly isUsable: boolean;
}

async function* examineSources(sources: ConfigSources, io: DoctorIo): AsyncGenerator<Finding, Examinable> {
  const id = "configuration";
  const { loaded, isValid, problems, warnings } = await examineConfig(sources, {
    inspectFile: io.inspectFile,
    readFile: io.host.readFile,
  });
  yield* warnings.map((each) => warning(id, renderProblem(each), null));
  yield* problems.map((each) => problem(id, renderProblem(each), null, { exitCode: EXIT.usage }));
  if (!isValid || loaded === null) {
    const config = await configUnderAnyName(sources);
    return { config: config ?? loaded?.config ?? defaultConfig("unnamed"), isUsable: config !== null };
  }
  if (problems.length === 0) yield ok(id, loaded.file ?? "flags, environment and defaults; no file");
  return { config: loaded.config, isUsable: true };
}

/** Often only the scanner's name is missing, and everything else can be examined. */
async function configUnderAnyName(sources: ConfigSources): Promise<Config | null> {
  try {
    return (await loadConfig({ ...sources, flags: { ...sources.flags, scannerId: "unnamed" } })).config;
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}
