import { type Advertisement, ScanResponseMerger } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import { Filter, type FilterOptions, type FilterReason } from "./filter.ts";

/** Which reports are published, and what of their devices' past goes into them. */
export interface SelectionOptions {
  /** Fills in names, services and TX power from what the same device said before. */
  readonly mergeScanResponse: boolean;
  /** How long that is remembered, in milliseconds. */
  readonly namesLastMs: number;
  /** Which reports are published. */
  readonly filter: FilterOptions;
}

/** Makes of what is heard what is to be published. */
export class Selection {
  #merger: ScanResponseMerger | null = null;
  #filter: Filter;

  /** Has heard nothing yet. */
  constructor(private options: SelectionOptions, private readonly clock: Clock) {
    this.#filter = new Filter(options.filter, clock);
    this.configure(options);
  }

  /** From the next report on. What devices have said, and how often, is known as before where it still matters. */
  configure(options: SelectionOptions): void {
    const { mergeScanResponse, namesLastMs: maxAgeMs, filter: { names, services } } = options;
    // Names and services are looked for whether or not they are to be filled in.
    const isMerging = mergeScanResponse || names.length > 0 || services.length > 0;
    const known = maxAgeMs === this.options.namesLastMs ? this.#merger : null;
    this.#merger = isMerging ? known ?? new ScanResponseMerger({ clock: this.clock, maxAgeMs }) : null;
    const isSameFilter = JSON.stringify(options.filter) === JSON.stringify(this.options.filter);
    if (!isSameFilter) this.#filter = new Filter(options.filter, this.clock);
    this.options = options;
  }

  /** What is to be published of this, or why it is not. */
  select(heard: Advertisement): Advertisement | FilterReason {
    // Merged before it is filtered, so that names are learnt from reports that are left out.
    const merged = this.#merger?.merge(heard) ?? heard;
    return this.#filter.leftOutBy(merged) ?? (this.options.mergeScanResponse ? merged : heard);
  }

  /** What was published may not have arrived: it may be repeated at once. */
  forgetSaid(): void {
    this.#filter.forgetSaid();
  }
}
