/** `bt-scanner scan`: who is on the air, as a table.
 *
 * @module
 */
import type { ScanSink, ScanState } from "../../agent/mod.ts";
import { ReportReader } from "../../advertisement/mod.ts";
import type { Config } from "../../config/mod.ts";
import { createLog } from "../../log/mod.ts";
import { type Clock, systemClock } from "../../time/mod.ts";
import { listen } from "../listen.ts";
import type { CliIo } from "../program.ts";
import { Devices } from "./devices.ts";
import { renderFrame } from "./frame.ts";
import { Screen, type TerminalSize, terminalSize } from "./screen.ts";
import { renderTable, sortDevices } from "./table.ts";

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
  const devices = new Devices();
  let state: ScanState = { kind: "starting" };
  let note = "";
  const reader = new ReportReader({
    clock,
    sink: { advertisement: (heard) => devices.add(heard, clock.monotonicMs()), invalid: () => {} },
  });
  const sink: ScanSink = {
    event: (packet) => void reader.read(packet),
    state: (next) => state = next,
  };
  const isLive = io.terminalSize() !== null;
  if (!isLive && durationMs === null && config.scanner.source !== "replay") {
    stderr("The table comes at the end: Ctrl-C ends it, or --seconds N.\n");
  }
  const write = (line: string): void => isLive ? void (note = line) : stderr(line);
  const log = createLog({ level: "warning", format: "text", write, now: () => clock.wallMs() });
  const listening = listen({ config, durationMs, clock, log }, sink, signal);
  if (isLive) {
    const frame = (size: TerminalSize, reportsPerS: number) =>
      renderFrame({ state, devices, reportsPerS, note }, size, clock.monotonicMs());
    await showLive(io, () => devices.reports, frame, listening);
  }
  const { exitCode, problem } = await listening;
  const nowMs = clock.monotonicMs();
  const table = renderTable(sortDevices(devices.values(), nowMs), io.terminalSize()?.columns ?? Infinity, nowMs);
  if (devices.size > 0) stdout(`${table.join("\n")}\n`);
  stderr(`${problem ?? `${devices.size} devices, ${devices.reports} reports`}\n`);
  return exitCode;
}

/** Redraws until it has ended. */
async function showLive(
  { clock, stdout, stderr, onFault, terminalSize }: ScanIo,
  reports: () => number,
  frame: (size: TerminalSize, reportsPerS: number) => readonly string[],
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
  let [before, beforeMs] = [0, clock.monotonicMs()];
  while (!ended.signal.aborted) {
    const nowMs = clock.monotonicMs();
    const reportsPerS = nowMs > beforeMs ? (reports() - before) * 1000 / (nowMs - beforeMs) : 0;
    [before, beforeMs] = [reports(), nowMs];
    screen.draw(frame(terminalSize() ?? { columns: 80, rows: 24 }, reportsPerS));
    await clock.sleep(REDRAW_MS, ended.signal).catch(() => {});
  }
}
