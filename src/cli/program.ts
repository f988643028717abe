import { Argument, Command, CommanderError, type OptionValues } from "@commander-js/extra-typings";
import { EXIT } from "../app/exit_codes.ts";
import type { RunHost } from "../app/run.ts";
import { type Config, ConfigError, renderProblem, SYSTEM_FILE } from "../config/mod.ts";
import { check, inspectFile } from "./check.ts";
import type { CliIo } from "./io.ts";
import { readMachine } from "./machine.ts";
import { durationOption, loadUnnamed, loadWarning, sources } from "./options.ts";
import { logsToJournal, tell } from "./tell.ts";
import { renderRecord } from "./running_record.ts";
import { VERSION } from "./version.ts";

/** `run`, to be carried out by whoever asked for the command line to be: data alone, of which nothing leads back here. */
export interface RunRequest extends Pick<RunHost, "version" | "machine" | "isJournal" | "digest" | "record"> {
  /** Checked, and what is doubtful with it has been told. */
  readonly config: Config;
  /** The file that it was read from; null: none. */
  readonly configFile: string | null;
}

/** What a command line has come to: an exit code, or `run` is next. */
export type CliOutcome = number | RunRequest;

/**
 * Runs a command line, up to `run` itself: the agent goes on for months without any of this.
 */
export async function runCli(args: readonly string[], io: CliIo, signal: AbortSignal): Promise<CliOutcome> {
  let outcome: CliOutcome = EXIT.ok;
  const program = createProgram({ ...io, stdout: orOutputError(io.stdout) }, args, signal, (end) => outcome = end);
  try {
    await program.parseAsync([...args], { from: "user" });
    return outcome;
  } catch (error) {
    // commander has printed what is wrong; help and version also end this way, with 0.
    if (error instanceof CommanderError) {
      if (error.code === "commander.excessArguments") io.stderr(configHint(args));
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    }
    if (error instanceof ConfigError) {
      for (const warning of error.warnings) tell(io, "warning", `warning: ${renderProblem(warning)}\n`);
      tell(io, "error", `${error.message}\n`);
      return EXIT.usage;
    }
    if (error instanceof OutputError) {
      // The reader may have seen enough, as `head` does.
      if (!(error.cause instanceof Deno.errors.BrokenPipe)) io.stderr(`${error.message}\n`);
      return EXIT.failure;
    }
    throw error;
  }
}

/** What to write instead of `check config.yaml`. */
function configHint([command = "", ...args]: readonly string[]): string {
  const file = args.find((arg) => /\.ya?ml$/i.test(arg));
  return file === undefined ? "" : `Name a configuration file with --config: bt-scanner ${command} --config ${file}\n`;
}

/** Standard output cannot be written to. */
class OutputError extends Error {}

function orOutputError(write: (text: string) => void): (text: string) => void {
  return (text) => {
    try {
      write(text);
    } catch (cause) {
      throw new OutputError(`Cannot write to standard output: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    }
  };
}

/** The command line, ready to parse; `exit` receives what it has come to. */
export function createProgram(
  io: CliIo,
  args: readonly string[],
  signal: AbortSignal,
  exit: (outcome: CliOutcome) => void,
): Command {
  const program = new Command("bt-scanner")
    .description("Publishes Bluetooth LE advertisements to an MQTT broker, each as one JSON message.")
    .version(VERSION, "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: (text) => tell(io, "error", text) })
    .showSuggestionAfterError();
  addRun(program, io, args, exit);
  addCheck(program, io, exit);
  addScan(program, io, signal, exit);
  addRecord(program, io, signal, exit);
  addDoctor(program, io, signal, exit);
  addFleet(program, io, signal, exit);
  addSchema(program, io);
  addCompletion(program, io);
  return program;
}

function addRun(program: Command, io: CliIo, args: readonly string[], exit: (request: RunRequest) => void): void {
  runCommand(program).action(async ({ config: named, ...flags }) => {
    const { config, digest, file } = await loadWarning(io, named, flags);
    const { linux, env } = io.host;
    exit({
      config,
      configFile: file,
      digest,
      record: renderRecord({ args, file, env, config }),
      version: VERSION,
      machine: readMachine(linux),
      isJournal: logsToJournal(env),
    });
  });
}

/** `run` and its options, without what it does. */
// deno-lint-ignore explicit-module-boundary-types -- its type is what its options are
export function runCommand(program: Command) {
  const command = withConfigOptions(program.command("run"))
    .description("scan and publish until stopped")
    .option("--scanner-id <id>", "name of this scanner, part of every topic (scanner.id)")
    .option("--broker <url>", "mqtt[s]://host[:port][,...] (mqtt.broker)")
    .option("--qos <0|1>", "quality of service (mqtt.client.qos)");
  return withSourceOptions(command)
    .option("--log-level <trace|debug|info|warning|error>", "lowest severity that is logged (log.level)")
    .option("--log-format <text|json>", "the log's format (log.format)")
    .addHelpText("after", EXIT_CODES_HELP);
}

function addScan(program: Command, io: CliIo, signal: AbortSignal, exit: (code: number) => void): void {
  withFilterOptions(withSourceOptions(withConfigOptions(program.command("scan"))))
    .description(
      "show the devices on the air in a live table; if standard output is not a terminal, print it at the end",
    )
    .addOption(durationOption())
    .option("--json", "print each report instead, as the message that run would publish, one per line")
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async ({ config: file, seconds: durationMs = null, json = false, ...flags }) => {
      const config = await loadUnnamed(io, file, flags);
      const { printMessages, scan, scanIo } = await import("./scan/mod.ts");
      exit(await (json ? printMessages : scan)(config, durationMs, scanIo(io), signal));
    });
}

function addRecord(program: Command, io: CliIo, signal: AbortSignal, exit: (code: number) => void): void {
  withSourceOptions(withConfigOptions(program.command("record")))
    .description("record what passes between this machine and the adapter as a btsnoop capture, for run --replay")
    .argument("<file>", "the capture; - is standard output")
    .addOption(durationOption())
    .option("--force", "overwrite an existing file")
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (path, { config: file, seconds: durationMs = null, force = false, ...flags }) => {
      const config = await loadUnnamed(io, file, flags);
      const { record, recordIo } = await import("./record/mod.ts");
      exit(await record(config, durationMs, recordIo(io, path, force), signal));
    });
}

function addDoctor(program: Command, io: CliIo, signal: AbortSignal, exit: (code: number) => void): void {
  withConfigOptions(program.command("doctor"))
    .description("find everything that could keep run from working, and say what to do about it")
    .option("--scanner-id <id>", "as for run")
    .option("--broker <url>", "as for run")
    .option("--adapter <name>", "as for run")
    .option("--json", "print the findings as a JSON array")
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async ({ config: file, json = false, ...flags }) => {
      const { doctor, doctorIo } = await import("./doctor/mod.ts");
      exit(await doctor(await sources(io, file, flags), json ? "json" : "text", doctorIo(io), signal));
    });
}

function addCheck(program: Command, io: CliIo, exit: (code: number) => void): void {
  withConfigOptions(program.command("check"))
    .description("print the configuration in effect, and everything that is wrong with it")
    .option("--scanner-id <id>", "as for run")
    .option("--adapter <name>", "as for run")
    .option("--against-running [unit]", "say what a reload of the running service would do (default: bt-scanner)")
    .action(async ({ config: file, againstRunning, ...flags }) => {
      if (againstRunning !== undefined) {
        const unit = againstRunning === true ? "bt-scanner" : againstRunning.replace(/\.service$/, "");
        const { checkAgainstRunning } = await import("./against_running.ts");
        return exit(await checkAgainstRunning(unit, typeof file === "string" ? file : null, io));
      }
      exit(await check(await sources(io, file, flags), { ...io, inspectFile, readFile: io.host.readFile }));
    });
}

function addFleet(program: Command, io: CliIo, signal: AbortSignal, exit: (code: number) => void): void {
  withConfigOptions(program.command("fleet"))
    .description(
      "show how all scanners at the broker are, in a live table; if standard output is not a terminal, print it once",
    )
    .option("--broker <url>", "as for run")
    .option("--expect <file>", "scanners that should be there: one id a line, # begins a comment")
    .option("--json", "print it once, as JSON")
    .addOption(durationOption())
    .addHelpText("after", FLEET_EXIT_CODES_HELP)
    .action(async ({ config: file, expect = null, json = false, seconds: durationMs = null, ...flags }) => {
      const config = await loadUnnamed(io, file, flags);
      const { fleet, fleetIo } = await import("./fleet/mod.ts");
      exit(await fleet(config, { expect, json, durationMs }, fleetIo(io), signal));
    });
}

function addSchema(program: Command, io: CliIo): void {
  program.command("schema")
    .description("print a JSON Schema")
    .addArgument(new Argument("<what>").choices(["message", "status", "stats", "config", "doctor"] as const))
    .action(async (what) => {
      const { schemaText } = await import("./schema_text.ts");
      io.stdout(schemaText(what));
    });
}

function addCompletion(program: Command, io: CliIo): void {
  program.command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"] as const))
    .action(async (shell) => {
      const [{ completionScript }, { describeCli }] = await Promise.all([
        import("./completion/mod.ts"),
        import("./describe.ts"),
      ]);
      io.stdout(completionScript(shell, describeCli()));
    });
}

/** `--config` and `--no-config`, for every command that reads one. */
function withConfigOptions<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option("--config <file>", `configuration (YAML); default: ${SYSTEM_FILE}, if it exists`)
    .option("--no-config", "read no configuration file");
}

/** The options that say where advertisements come from. */
function withSourceOptions<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option("--adapter <name>", "Bluetooth adapter: hci0, index or address (scanner.adapter)")
    .option("--source <hci|simulate|replay>", "where advertisements come from (scanner.source)")
    .option("--replay <file>", "btsnoop recording to replay (replay.file)")
    .option("--replay-speed <factor>", "a number, or max (replay.speed)")
    .option("--replay-loop", "start the recording again at its end (replay.loop)")
    .option("--simulate-devices <n>", "how many devices to invent (simulate.devices)")
    .option("--simulate-rate <n>", "reports per second to invent (simulate.rate)")
    .option("--passive", "do not ask devices for scan responses (scanner.mode)");
}

/** The keys of the filter, by their names. */
function withFilterOptions<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option("--min-rssi <dbm>", "weakest signal that passes (filter.min_rssi)")
    .option("--allow <list>", "addresses or their first bytes, separated by commas (filter.allow)")
    .option("--deny <list>", "none of these addresses (filter.deny)")
    .option(
      "--address-types <list>",
      "public, static, resolvable, non_resolvable, anonymous, unknown (filter.address_types)",
    )
    .option("--connectable <true|false>", "those that can be connected to, or cannot (filter.connectable)")
    .option("--companies <list>", "company identifiers, such as 76 or 0x004C (filter.companies)")
    .option("--services <list>", "UUIDs of 16, 32 or 128 bits, such as 180F (filter.services)")
    .option("--names <list>", "names; * stands for any characters, ? for one (filter.names)")
    .option("--on-change-s <n>", "the same data only once in so many seconds (filter.on_change_s)")
    .option("--max-rate-per-device <n>", "most reports a second of one device (filter.max_rate_per_device)");
}

const EXIT_CODES_HELP = `
Keys in parentheses are those of the configuration file.
Precedence: flags, environment (BT_SCANNER_…), file, defaults.

Exit codes: 0 ended as told, 1 failure, 2 usage or configuration, 77 missing permission.`;

const FLEET_EXIT_CODES_HELP = `
Exit codes: 0 all is well, 1 something is wrong, 2 usage or configuration, 69 the broker cannot be asked.`;
