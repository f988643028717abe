import type { Advertisement, InvalidReason } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { ScanSink, ScanState } from "./ports.ts";
import type { Vitals } from "./vitals.ts";

/**
 * Notes the signs of life of a scan, before any filter looks at them, and keeps its state true in
 * silence: what has reported nothing for so long is not called scanning again until it does.
 */
export class ScanWatch implements ScanSink {
  /** When this run of the scan, or its scanning, began; monotonic. */
  #beganMs = -Infinity;
  /** From when it was noticed until something is heard. */
  #silence: { readonly sinceMs: number; readonly timeoutMs: number } | null = null;
  #scanning: Extract<ScanState, { kind: "scanning" }> | null = null;
  #shown: ScanState["kind"] | null = null;
  #heard = false;
  #isScanning = false;
  /** It is begun afresh for its silence alone: not worth telling. */
  #isRestarting = false;

  /**
   * @param heardAgain called with the length of a silence that is over, in milliseconds
   */
  constructor(
    private readonly sink: ScanSink,
    private readonly vitals: Vitals,
    private readonly clock: Clock,
    private readonly heardAgain: (silentMs: number) => void,
  ) {}

  /** Whether this run has come to scanning, and not failed since. */
  get isScanning(): boolean {
    return this.#isScanning;
  }

  /** How long nothing has come, in milliseconds; counted from the beginning of the run, then of its scan. */
  get quietMs(): number {
    return this.clock.monotonicMs() - this.#lastMs;
  }

  get #lastMs(): number {
    return Math.max(this.#beganMs, this.vitals.heardMs ?? -Infinity);
  }

  /** A run of the scan begins. */
  begin(): void {
    this.vitals.scanMoved();
    this.#beganMs = this.clock.monotonicMs();
    this.#isScanning = false;
  }

  /** Whether anything was heard since this was asked last. */
  takeHeard(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard;
  }

  /** Nothing has come for the stall time-out. Returns whether that is news. */
  fallSilent(timeoutMs: number): boolean {
    this.#isRestarting = true;
    if (this.#silence !== null) return false;
    this.#silence = { sinceMs: this.#lastMs, timeoutMs };
    this.#showSilence();
    return true;
  }

  advertisement(heard: Advertisement): void {
    this.vitals.advertisementHeard(heard);
    this.sink.advertisement(heard);
  }

  invalid(reason: InvalidReason): void {
    this.sink.invalid(reason);
  }

  delivered(): Promise<void> | undefined {
    this.vitals.heard();
    this.#heard = true;
    if (this.#silence !== null) this.#endSilence(this.#silence.sinceMs);
    return this.sink.delivered();
  }

  state(state: ScanState): void {
    this.vitals.scanMoved();
    this.#isScanning = state.kind === "scanning";
    if (state.kind === "scanning") {
      this.#scanning = state;
      this.#beganMs = this.clock.monotonicMs();
    }
    const isOwnRestart = state.kind === "stopped" && this.#isRestarting;
    if (state.kind === "stopped") this.#isRestarting = false;
    if (this.#silence === null) this.#show(state);
    else if (state.kind === "scanning") this.#showSilence();
    else if (state.kind === "stopped" && !isOwnRestart) this.#show(state);
  }

  #endSilence(sinceMs: number): void {
    this.#silence = null;
    if (this.#scanning !== null) this.#show(this.#scanning);
    this.heardAgain(this.clock.monotonicMs() - sinceMs);
  }

  #showSilence(): void {
    if (this.#silence === null || this.#scanning === null || this.#shown === "silent") return;
    const { adapter, adapterAddress, extended } = this.#scanning;
    this.#show({ kind: "silent", adapter, adapterAddress, extended, silentMs: this.#silence.timeoutMs });
  }

  #show(state: ScanState): void {
    this.#shown = state.kind;
    this.sink.state(state);
    this.vitals.setScan(state);
  }
}
