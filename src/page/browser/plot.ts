import { perS, type Sample } from "./hour.ts";
import { SERIES } from "./series.ts";
import uPlot from "./uplot.ts";

const HOUR_S = 3_600;
const HEIGHT_PX = 210;
const GRID_PX = 1;

/** The plot of an hour, drawn anew where its place or the reader's colours change. */
export class Plot {
  readonly #place: HTMLElement;
  readonly #pointedAt: (index: number | null) => void;
  #drawn: uPlot | null = null;
  #data: uPlot.AlignedData = [[]];
  #endS = 0;

  /** @param pointedAt told which sample a pointer is at; null: none */
  constructor(place: HTMLElement, pointedAt: (index: number | null) => void) {
    this.#place = place;
    this.#pointedAt = pointedAt;
    new ResizeObserver(() => this.#resized()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** Shows the hour before this moment. `offsetMs` leads from the scanner's clock to the reader's. */
  show(samples: readonly Sample[], nowMs: number, offsetMs: number): void {
    this.#endS = (nowMs + offsetMs) / 1000;
    const columns = SERIES.map(({ key, isHiddenWhereNone }) => {
      const isNone = (index: number) => (samples[index]?.[key] ?? 0) === 0;
      const isHidden = (index: number) => isHiddenWhereNone && [index - 1, index, index + 1].every(isNone);
      return samples.map((sample, index) => isHidden(index) ? null : perS(sample, key));
    });
    this.#data = [samples.map(({ atMs }) => (atMs + offsetMs) / 1000), ...columns];
    if (this.#drawn === null) this.#draw();
    else this.#drawn.setData(this.#data);
  }

  #resized(): void {
    if (this.#drawn !== null) this.#drawn.setSize({ width: this.#place.clientWidth, height: HEIGHT_PX });
  }

  #draw(): void {
    this.#drawn?.destroy();
    this.#drawn = new uPlot(this.#options(), this.#data, this.#place);
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(this.#place);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const axis: uPlot.Axis = {
      stroke: colour("muted"),
      font: `12px ${style.fontFamily}`,
      grid: { stroke: colour("line"), width: GRID_PX },
      ticks: { stroke: colour("line"), width: GRID_PX },
    };
    return {
      width: this.#place.clientWidth,
      height: HEIGHT_PX,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { range: () => [this.#endS - HOUR_S, this.#endS] },
        y: { range: (_, __, most) => [0, Math.max(1, most * 1.08)] },
      },
      axes: [
        { ...axis, space: 64, values: (_, splits) => splits.map(hourAndMinute) },
        { ...axis, size: 46 },
      ],
      series: [
        {},
        ...SERIES.map(({ label, className, dash, isFilled }) => ({
          label,
          stroke: colour(className),
          width: 2,
          dash: [...dash],
          points: { show: false },
          ...(isFilled ? { fill: colour(`${className}-fill`) } : {}),
        })),
      ],
      hooks: { setCursor: [({ cursor }) => this.#pointedAt(cursor.idx ?? null)] },
    };
  }
}

function hourAndMinute(epochS: number): string {
  return new Date(epochS * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}
