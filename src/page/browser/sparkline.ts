import type { SignalPoint } from "./device_list.ts";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 24;
const SPAN_MS = 120_000;
const WEAKEST_DBM = -100;
const STRONGEST_DBM = -30;

/** A small plot of signal strengths, of the last two minutes, from −100 to −30 dBm. */
export class Sparkline {
  /** The picture; what it shows is told in words beside it. */
  readonly node = document.createElementNS(SVG, "svg");
  readonly #line = document.createElementNS(SVG, "path");

  /** Shows nothing yet. */
  constructor() {
    this.node.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.node.setAttribute("preserveAspectRatio", "none");
    this.node.setAttribute("aria-hidden", "true");
    this.node.setAttribute("class", "sparkline");
    this.node.append(this.#line);
  }

  /** Shows these, up to this moment. */
  show(points: readonly SignalPoint[], nowMs: number): void {
    const steps = points.map(({ atMs, dbm }, index) => {
      const x = WIDTH * (1 - (nowMs - atMs) / SPAN_MS);
      const share = (dbm - WEAKEST_DBM) / (STRONGEST_DBM - WEAKEST_DBM);
      const y = 1 + (HEIGHT - 2) * (1 - Math.min(1, Math.max(0, share)));
      return `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    });
    // A single one shows as a dot, for the line's ends are round.
    this.#line.setAttribute("d", steps.length === 1 ? `${steps[0]}h0` : steps.join(""));
  }
}
