import type { Clock } from "../../time/mod.ts";
import type { ControllerScanning } from "../virtual_controller.ts";
import type { ReportSource, ReportStep } from "../virtual_transport.ts";
import { Air } from "./air.ts";
import { Damage } from "./damage.ts";

/** What the source needs to know. */
export interface SourceOptions {
  readonly devices: number;
  readonly reportsPerSecond: number;
  readonly seed: number;
  readonly addressLifetimeMs: number;
  readonly malformedShare: number;
  readonly burstReports: number;
  readonly clock: Clock;
}

/** Reports are grouped into bursts at least this far apart: 50,000 timers per second are not feasible. */
const TICK_MS = 10;
/** How much of a late tick is made up for. */
const MAX_CATCH_UP_MS = 100;
const BURST_INTERVAL_MS = 60_000;
/** After this many events in a row that the scan does not hear, others may run. */
const MAX_UNHEARD = 256;

/** Delivers what is on the {@linkcode Air} at a steady rate, with a burst now and then. */
export class SimulatedSource implements ReportSource {
  readonly #air: Air;
  readonly #damage: Damage;
  #scan: ControllerScanning | null = null;
  #reports: Iterator<Uint8Array | null, never> | null = null;
  /** How many reports are due. */
  #credit = 0;
  #creditedAtMs = 0;
  #burstDueMs = Infinity;

  constructor(private readonly options: SourceOptions) {
    this.#air = new Air(options.devices, options.seed, options.addressLifetimeMs);
    this.#damage = new Damage(options.malformedShare, options.seed);
  }

  next(scan: ControllerScanning): ReportStep {
    const { reportsPerSecond, devices } = this.options;
    if (reportsPerSecond === 0 || devices === 0) return Infinity;
    const reports = this.#reportsOf(scan);
    for (let unheard = 0; this.#credit >= 1 || this.#earn() >= 1; unheard++) {
      if (unheard === MAX_UNHEARD) return 0;
      this.#credit--;
      this.#air.elapse(1_000 / reportsPerSecond);
      const packet = reports.next().value;
      if (packet !== null) return this.#damage.apply(packet);
    }
    return Math.max(TICK_MS, Math.ceil((1 - this.#credit) * 1_000 / reportsPerSecond));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #reportsOf(scan: ControllerScanning): Iterator<Uint8Array | null, never> {
    if (scan === this.#scan && this.#reports !== null) return this.#reports;
    this.#scan = scan;
    this.#credit = 0;
    this.#creditedAtMs = this.options.clock.monotonicMs();
    this.#burstDueMs = this.#creditedAtMs + BURST_INTERVAL_MS;
    return this.#reports = this.#air.hear(scan);
  }

  #earn(): number {
    const { clock, reportsPerSecond, burstReports } = this.options;
    const nowMs = clock.monotonicMs();
    const earned = (nowMs - this.#creditedAtMs) * reportsPerSecond / 1_000;
    this.#creditedAtMs = nowMs;
    this.#credit = Math.min(this.#credit + earned, Math.max(1, MAX_CATCH_UP_MS * reportsPerSecond / 1_000));
    if (nowMs >= this.#burstDueMs) {
      this.#burstDueMs = nowMs + BURST_INTERVAL_MS;
      this.#credit += burstReports;
    }
    return this.#credit;
  }
}
