/**
 * `bt-scanner scan`: the devices on the air, as a table or line by line.
 *
 * @module
 */
import { agentOptions, type Host, Listening } from "../../app/mod.ts";
import type { Config } from "../../config/mod.ts";
import { createLog } from "../../log/mod.ts";
import type { CliIo } from "../io.ts";
import { type LiveDisplay, type LiveIo, openTerminal, showLive, type Terminal, terminalSize } from "../live/mod.ts";
import { Passed } from "./passed.ts";
import { ScanView } from "./view.ts";

export { printMessages } from "./messages.ts";

/** What `scan` needs from outside. */
export interface ScanIo extends LiveIo {
  readonly host: Pick<Host, "clock" | "random" | "openFile" | "linux">;
  /** Opens that terminal; null if it can only be written to. */
  readonly openTerminal: () => Terminal | null;
}

/** The process's own. */
export function scanIo({ stdout, stderr, onFault, host }: CliIo): ScanIo {
  return { stdout, stderr, onFault, host, terminalSize: () => terminalSize(host.env), openTerminal };
}

/**
 * Shows the devices that are heard and pass the filter. On a terminal the table is live, and the complete table stays at the end; otherwise
 * it is only printed at the end.
 *
 * @param durationMs after how long it ends by itself; null: when told to
 * @returns the exit code
 */
export async function scan(
  config: Config,
  durationMs: number | null,
  io: ScanIo,
  signal: AbortSignal,
): Promise<number> {
  const { host, stdout, stderr } = io;
  const isLive = io.terminalSize() !== null;
  if (!isLive && durationMs === null && config.scanner.source !== "replay") {
    stderr("The table is printed at the end: press Ctrl-C, or use --seconds N.\n");
  }
  const terminal = isLive ? io.openTerminal() : null;
  let note = terminal === null ? "" : "q quits";
  const write = isLive ? (line: string) => void (note = line) : stderr;
  const log = createLog({ level: "warning", format: "text", write, now: () => host.clock.wallMs() });
  const listening = new Listening({ config, host, log });
  const passed = new Passed(agentOptions(config), host.clock);
  const view = new ScanView(listening.vitals, passed, host.clock);
  const quit = new AbortController();
  const ending = listening.run({
    durationMs,
    advertisement: (heard) => passed.heard(heard),
  }, AbortSignal.any([signal, quit.signal]));
  if (isLive) {
    const display: LiveDisplay = {
      frame: (size) => view.frame(size, note),
      typed: (text) => /q/i.test(text) ? "quit" : "nothing",
    };
    await showLive(io, terminal, display, ending, () => quit.abort()).finally(() => {
      quit.abort();
      return ending; // even if the terminal is gone, the adapter must not be left scanning
    });
  }
  const { exitCode, problem } = await ending;
  for (const line of view.table(io.terminalSize()?.columns ?? Infinity)) stdout(`${line}\n`);
  stderr(`${problem ?? view.summary}\n`);
  return exitCode;
}
