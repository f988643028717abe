import type { Vitals } from "../../agent/mod.ts";
import type { Clock } from "../../time/mod.ts";
import { renderFrame } from "./frame.ts";
import type { TerminalSize } from "../live/mod.ts";
import type { Passed } from "./passed.ts";
import { renderTable, sortDevices } from "./table.ts";

/** What passes of what is heard, as it is shown. */
export class ScanView {
  #lastFrame: { readonly reports: number; readonly atMs: number };

  constructor(private readonly vitals: Vitals, private readonly passed: Passed, private readonly clock: Clock) {
    this.#lastFrame = { reports: 0, atMs: clock.monotonicMs() };
  }

  /**
   * The live table at this moment.
   *
   * @param note a line shown below it
   */
  frame(size: TerminalSize, note: string): string[] {
    const { passed: { devices, leftOut }, vitals: { scan: state } } = this;
    const { reports } = devices;
    const nowMs = this.clock.monotonicMs();
    const elapsedMs = nowMs - this.#lastFrame.atMs;
    const reportsPerS = elapsedMs > 0 ? (reports - this.#lastFrame.reports) * 1000 / elapsedMs : 0;
    this.#lastFrame = { reports, atMs: nowMs };
    return renderFrame({ state, devices, reportsPerS, leftOut, note }, size, nowMs);
  }

  /** The whole table; empty where nothing was heard. */
  table(columns: number): string[] {
    const { devices } = this.passed;
    if (devices.size === 0) return [];
    const nowMs = this.clock.monotonicMs();
    return renderTable(sortDevices(devices.values(), nowMs), columns, nowMs);
  }

  get summary(): string {
    const { devices, leftOut } = this.passed;
    return `${devices.size} devices, ${devices.reports} reports${leftOut === "" ? "" : `, ${leftOut}`}`;
  }
}
