/**
 * `bt-scanner fleet`: how all scanners at a broker are, from what they publish.
 *
 * @module
 */
import { EXIT } from "../../app/exit_codes.ts";
import type { Host } from "../../app/mod.ts";
import type { Config } from "../../config/mod.ts";
import { escapeInvisible } from "../../text/mod.ts";
import { timeLimit } from "../../time/mod.ts";
import type { CliIo } from "../io.ts";
import { type LiveIo, openTerminal, showLive, type Terminal, terminalSize } from "../live/mod.ts";
import { collect } from "./collect.ts";
import { ExpectError, readExpected } from "./expect.ts";
import { renderJson, renderReport } from "./report.ts";
import { FleetView } from "./view.ts";
import { failureText, FleetWatch } from "./watch.ts";

/** What `fleet` needs from outside. */
export interface FleetIo extends LiveIo, Pick<CliIo, "files"> {
  readonly host: Pick<Host, "clock" | "random" | "env" | "readFile">;
  /** Opens the terminal that shows standard output; null if it can only be written to. */
  readonly openTerminal: () => Terminal | null;
}

/** The process's own. */
export function fleetIo({ stdout, stderr, onFault, files, host }: CliIo): FleetIo {
  return { stdout, stderr, onFault, files, host, terminalSize: () => terminalSize(host.env), openTerminal };
}

/** What a person asks of it. */
export interface FleetOptions {
  /** Prints JSON, once. */
  readonly json: boolean;
  /** A file that names scanners that should be there; null: whichever are. */
  readonly expect: string | null;
  /** After how long it ends by itself; null: when told to, or, if nobody watches, once every scanner has been heard. */
  readonly durationMs: number | null;
}

/**
 * Shows how all scanners at the broker are: live on a terminal, otherwise once.
 *
 * @returns the exit code: 0, all is well; 1, something is wrong; 2, the file of expected scanners is; 69, the broker
 * cannot be asked
 */
export async function fleet(config: Config, options: FleetOptions, io: FleetIo, signal: AbortSignal): Promise<number> {
  const { files, host, stderr } = io;
  let expected: ReadonlySet<string> | null;
  try {
    expected = options.expect === null ? null : await readExpected(options.expect, files.readTextFile);
  } catch (error) {
    if (!(error instanceof ExpectError)) throw error;
    stderr(`${error.message}\n`);
    return EXIT.usage;
  }
  await using watch = new FleetWatch(config, expected, host);
  watch.start();
  if (!options.json && io.terminalSize() !== null) await watchLive(watch, options, io, signal);
  else await collect(watch, { ...options, expected }, host.clock, signal);
  return report(watch, options, io);
}

async function watchLive(
  watch: FleetWatch,
  { durationMs }: FleetOptions,
  io: FleetIo,
  signal: AbortSignal,
): Promise<void> {
  const view = new FleetView({
    look: () => watch.look(),
    disconnection: () => watch.disconnection(),
    broker: () => watch.broker,
  });
  const quit = new AbortController();
  using limit = timeLimit(io.host.clock, durationMs, { signal: AbortSignal.any([signal, quit.signal]) });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  if (limit.signal.aborted) resolve();
  limit.signal.addEventListener("abort", () => resolve(), { once: true });
  await showLive(io, io.openTerminal(), view, ended, () => quit.abort());
}

/** Prints what is known now. Where there is no connection, that is the last that was seen, if anything was. */
function report(watch: FleetWatch, { json }: FleetOptions, { stdout, stderr, terminalSize }: FleetIo): number {
  const { broker, fleet: { connection, scanners } } = watch;
  const seen = watch.look();
  const isWell = seen.wrong === 0 && seen.problems.length === 0 && seen.scanners.length > 0;
  const isConnected = connection.kind === "subscribed";
  if (isConnected || scanners.size > 0) {
    const width = terminalSize()?.columns ?? Infinity;
    const lines = json ? [renderJson(seen, broker, isConnected && isWell)] : renderReport(seen, broker, width);
    for (const line of lines) stdout(`${line}\n`);
  }
  if (isConnected) return isWell ? EXIT.ok : EXIT.failure;
  const reason = connection.kind === "failed" ? failureText(connection.failure) : "no answer yet";
  stderr(`${escapeInvisible(`Cannot ask ${broker}: ${reason}`)}\n`);
  return EXIT.unavailable;
}
