import { encode, type Family, type Format } from "./family.ts";
import { LoopLag } from "./loop_lag.ts";
import { ProcessMetrics, type ProcessMetricsParts } from "./process_families.ts";
import { scannerFamilies, type ScannerMetricsParts } from "./scanner_families.ts";

/** What {@linkcode Metrics} are taken from. */
export interface MetricsParts extends ScannerMetricsParts, ProcessMetricsParts {
  /** In the label `scanner_id` of each sample. */
  readonly scannerId: string;
}

/** What Prometheus is told, in whatever way; measures until it is disposed of. */
export class Metrics implements Disposable {
  readonly #lag: LoopLag;
  readonly #process: ProcessMetrics;

  /** Measures from now on. */
  constructor(private readonly parts: MetricsParts) {
    this.#lag = new LoopLag(parts.clock);
    this.#process = new ProcessMetrics(parts.vitals.startedMs, parts);
  }

  /** Measures no more. */
  [Symbol.dispose](): void {
    this.#lag[Symbol.dispose]();
  }

  /** All of it. The counters are of one moment: each adds up. */
  async page(format: Format): Promise<string> {
    const ofProcess = await this.#process.families();
    return this.#encode([...scannerFamilies(this.parts, this.#lag), ...ofProcess], format);
  }

  /** Without the process's own, whose names node_exporter has for itself. */
  textfile(): string {
    return this.#encode(scannerFamilies(this.parts, this.#lag), "prometheus");
  }

  #encode(families: readonly Family[], format: Format): string {
    return encode(families, format, { scanner_id: this.parts.scannerId });
  }
}
