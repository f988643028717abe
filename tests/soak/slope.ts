/** A value at a moment. */
export interface Point {
  readonly atS: number;
  readonly value: number;
}

/** How a value grows, with its 95 % confidence interval. */
export interface Slope {
  readonly perHour: number;
  readonly lowPerHour: number;
  readonly highPerHour: number;
  /** How many block averages the line was fitted to. */
  readonly blocks: number;
  /** How much one block's distance from the line still tells of the next one's, -1 to 1. */
  readonly autocorrelation: number;
}

/** Enough for 18 degrees of freedom, and each long enough to average garbage collections out. */
const BLOCKS = 20;
const LEAST_BLOCKS = 6;

/**
 * Fits a line. Samples of memory are not independent: the heap rises for minutes and falls at once.
 * So the line goes through averages of up to 20 blocks of time, and where the blocks' distances from
 * it still hang together, the interval is widened as if there were fewer of them.
 *
 * @returns null: there are too few points to say anything
 */
export function slopeOf(points: readonly Point[]): Slope | null {
  const blocks = blockAverages(points, Math.min(BLOCKS, Math.floor(points.length / 2)));
  if (blocks.length < LEAST_BLOCKS) return null;
  const { slope, residuals, spread } = fitLine(blocks);
  const autocorrelation = lagOne(residuals);
  const independent = blocks.length * (1 - Math.max(autocorrelation, 0)) / (1 + Math.max(autocorrelation, 0));
  const freedom = Math.max(independent - 2, 1);
  const variance = sum(residuals.map((each) => each * each)) / freedom;
  const half = studentT975(freedom) * Math.sqrt(variance / spread);
  return {
    perHour: slope * 3600,
    lowPerHour: (slope - half) * 3600,
    highPerHour: (slope + half) * 3600,
    blocks: blocks.length,
    autocorrelation,
  };
}

function blockAverages(points: readonly Point[], count: number): Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const length = (last.atS - first.atS) / count;
  const blocks = Map.groupBy(points, ({ atS }) => Math.min(Math.floor((atS - first.atS) / length), count - 1));
  return [...blocks.values()].map((block) => ({
    atS: mean(block.map(({ atS }) => atS)),
    value: mean(block.map(({ value }) => value)),
  }));
}

/** Least squares. `spread` is the sum of squared distances in time. */
function fitLine(points: readonly Point[]): { slope: number; residuals: number[]; spread: number } {
  const [meanS, meanValue] = [mean(points.map(({ atS }) => atS)), mean(points.map(({ value }) => value))];
  const spread = sum(points.map(({ atS }) => (atS - meanS) ** 2));
  const slope = sum(points.map(({ atS, value }) => (atS - meanS) * (value - meanValue))) / spread;
  return { slope, spread, residuals: points.map(({ atS, value }) => value - meanValue - slope * (atS - meanS)) };
}

function lagOne(residuals: readonly number[]): number {
  const total = sum(residuals.map((each) => each * each));
  return total === 0 ? 0 : sum(residuals.slice(1).map((each, i) => each * (residuals[i] ?? 0))) / total;
}

/** The 97.5th percentile of Student's t, by Cornish and Fisher; exact for 1, within 1 % from 3 on. */
function studentT975(freedom: number): number {
  if (freedom < 2) return 12.706 - (freedom - 1) * (12.706 - 4.303);
  const z = 1.959964;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92_160,
  ];
  return terms.reduce((t, term, i) => t + term / freedom ** (i + 1), z);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
