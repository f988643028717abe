import type { PageEvent } from "../contract.ts";
import { element, make, show } from "./dom.ts";
import { count, rate, timeOfDay } from "./format.ts";
import { Hour, perS, type Sample } from "./hour.ts";
import { Plot } from "./plot.ts";
import { Rate } from "./rates.ts";
import { SERIES, type Series } from "./series.ts";

/** A line of the table below the plot, which is its legend, and tells what it shows to whoever does not see it. */
interface LegendRow {
  readonly series: Series;
  readonly node: HTMLElement;
  readonly rate: HTMLElement;
  readonly total: HTMLElement;
  readonly now: Rate;
}

/** What was counted in the last hour, as a plot with its legend. */
export class HourView {
  readonly #hour = new Hour();
  readonly #rows = SERIES.map(legendRow);
  readonly #rateHeading = element("rate-heading");
  readonly #plot = new Plot(element("plot"), (index) => this.#pointedAt(index));
  #pointed: number | null = null;
  #offsetMs = 0;
  #nowMs = 0;

  /** Shows nothing yet. */
  constructor() {
    element("legend").append(...this.#rows.map(({ node }) => node));
  }

  /** Takes what is new. `offsetMs` leads from the scanner's clock to the reader's. */
  update({ counts, history, nowMs, isWhole }: PageEvent, offsetMs: number): void {
    this.#nowMs = nowMs;
    this.#offsetMs = offsetMs;
    for (const { series, now } of this.#rows) now.add(nowMs, counts[series.key]);
    if (this.#hour.update(history, nowMs, isWhole)) this.#plot.show(this.#hour.samples, nowMs, offsetMs);
    this.#showLegend();
  }

  #pointedAt(index: number | null): void {
    this.#pointed = index;
    this.#showLegend();
  }

  #showLegend(): void {
    const sample = this.#pointed === null ? undefined : this.#hour.samples[this.#pointed];
    const when = sample === undefined ? "now" : `at ${timeOfDay(sample.atMs + this.#offsetMs)}`;
    show(this.#rateHeading, `a second, ${when}`);
    for (const row of this.#rows) this.#showRow(row, sample);
  }

  #showRow({ series, node, rate: rateCell, total: totalCell, now }: LegendRow, sample: Sample | undefined): void {
    const total = this.#hour.total(series.key);
    const value = sample === undefined ? now.perS(this.#nowMs) : perS(sample, series.key);
    show(rateCell, value === null ? "–" : rate(value));
    show(totalCell, count(total));
    node.hidden = series.isHiddenWhereNone && total === 0 && (value ?? 0) === 0;
  }
}

function legendRow(series: Series): LegendRow {
  const rateCell = make("td", "");
  const total = make("td", "");
  const swatch = make("span", `swatch ${series.className}`);
  const heading = make("th", "", swatch, series.label);
  heading.scope = "row";
  return { series, node: make("tr", "", heading, rateCell, total), rate: rateCell, total, now: new Rate() };
}
