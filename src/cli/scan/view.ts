import type { ScanSink, ScanState } from "../../agent/mod.ts";
import type { Clock } from "../../time/mod.ts";
import { Devices } from "./devices.ts";
import { renderFrame } from "./frame.ts";
import type { TerminalSize } from "./screen.ts";
import { renderTable, sortDevices } from "./table.ts";

/** What is heard, and how it is shown. */
export class ScanView {
  readonly #devices = new Devices();
  #state: ScanState = { kind: "starting" };
  #note = "";
  #lastFrame: { readonly reports: number; readonly atMs: number };

  constructor(private readonly clock: Clock) {
    this.#lastFrame = { reports: 0, atMs: clock.monotonicMs() };
  }

  /** Takes what a scan finds. */
  get sink(): ScanSink {
    return {
      advertisement: (heard) => this.#devices.add(heard, this.clock.monotonicMs()),
      invalid: () => {},
      delivered: () => undefined,
      state: (state) => this.#state = state,
    };
  }

  /** A line shown below the live table, until the next one. */
  note(line: string): void {
    this.#note = line;
  }

  /** The live table at this moment. */
  frame(size: TerminalSize): string[] {
    const nowMs = this.clock.monotonicMs();
    const { reports } = this.#devices;
    const elapsedMs = nowMs - this.#lastFrame.atMs;
    const reportsPerS = elapsedMs > 0 ? (reports - this.#lastFrame.reports) * 1000 / elapsedMs : 0;
    this.#lastFrame = { reports, atMs: nowMs };
    return renderFrame({ state: this.#state, devices: this.#devices, reportsPerS, note: this.#note }, size, nowMs);
  }

  /** The whole table; empty where nothing was heard. */
  table(columns: number): string[] {
    if (this.#devices.size === 0) return [];
    const nowMs = this.clock.monotonicMs();
    return renderTable(sortDevices(this.#devices.values(), nowMs), columns, nowMs);
  }

  get summary(): string {
    return `${this.#devices.size} devices, ${this.#devices.reports} reports`;
  }
}
