/** `bt-scanner scan`: who is on the air, as a table.
 *
 * @module
 */
import type { Config } from "../../config/mod.ts";
import { createLog } from "../../log/mod.ts";
import { type Clock, systemClock } from "../../time/mod.ts";
import { listen } from "../listen.ts";
import type { CliIo } from "../program.ts";
import { Screen, type TerminalSize, terminalSize, USUAL_SIZE } from "./screen.ts";
import { ScanView } from "./view.ts";

/** What `scan` needs of the world. */
export interface ScanIo extends Pick<CliIo, "stdout" | "stderr" | "onFault"> {
  readonly clock: Clock;
  /** The size of the terminal that shows standard output; null where that is none. */
  readonly terminalSize: () => TerminalSize | null;
}

/** The process's own. */
export function scanIo({ stdout, stderr, onFault, env }: CliIo): ScanIo {
  return { stdout, stderr, onFault, clock: systemClock, terminalSize: () => terminalSize(env) };
}

const REDRAW_MS = 1_000;

/**
 * Shows the devices that are heard. On a terminal the table is live, and what stays is the whole of
 * it; otherwise it is printed at the end alone.
 *
 * @param durationMs after how long it ends by itself; null: when it is told to
 * @returns the exit code
 */
export async function scan(
  config: Config,
  durationMs: number | null,
  io: ScanIo,
  signal: AbortSignal,
): Promise<number> {
  const { clock, stdout, stderr } = io;
  const isLive = io.terminalSize() !== null;
  if (!isLive && durationMs === null && config.scanner.source !== "replay") {
    stderr("The table comes at the end: Ctrl-C ends it, or --seconds N.\n");
  }
  const view = new ScanView(clock);
  const write = isLive ? (line: string) => view.note(line) : stderr;
  const log = createLog({ level: "warning", format: "text", write, now: () => clock.wallMs() });
  const listening = listen({ config, durationMs, clock, log }, view.sink, signal);
  if (isLive) await showLive(io, view, listening);
  const { exitCode, problem } = await listening;
  for (const line of view.table(io.terminalSize()?.columns ?? Infinity)) stdout(`${line}\n`);
  stderr(`${problem ?? view.summary}\n`);
  return exitCode;
}

/** Redraws until it has ended. */
async function showLive(
  { clock, stdout, stderr, onFault, terminalSize }: ScanIo,
  view: ScanView,
  ending: Promise<unknown>,
): Promise<void> {
  using screen = new Screen(stdout);
  onFault((fault) => {
    screen[Symbol.dispose](); // what is said now is to stay
    stderr(`${fault instanceof Error ? fault.stack : fault}\n`);
    return Promise.resolve();
  });
  const ended = new AbortController();
  ending.catch(() => {}).then(() => ended.abort());
  while (!ended.signal.aborted) {
    screen.draw(view.frame(terminalSize() ?? USUAL_SIZE));
    await clock.sleep(REDRAW_MS, ended.signal).catch(() => {});
  }
}
