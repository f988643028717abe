import type { SampleCounts } from "../contract.ts";

/** One line of the plot. */
export interface Series {
  readonly key: keyof SampleCounts;
  readonly label: string;
  /** Names its colour in page.css: `--received`. */
  readonly className: string;
  /** Dashes, so that lines are told apart without colours. */
  readonly dash: readonly number[];
  /** Whether the space below it is filled. */
  readonly isFilled: boolean;
  /** Whether it is only worth a line where there is something to tell. */
  readonly isHiddenWhereNone: boolean;
}

/** All lines, the hindmost first. */
export const SERIES: readonly Series[] = [
  line("received", "Received", "received", [], { isFilled: true, isHiddenWhereNone: false }),
  line("published", "Published", "published", [], { isHiddenWhereNone: false }),
  line("filtered", "Filtered out", "filtered", [2, 3]),
  line("invalid", "Not readable", "invalid", [1, 4]),
  line("droppedOffline", "Dropped: no connection", "offline", [6, 3]),
  line("droppedBackpressure", "Dropped: broker too slow", "backpressure", [10, 3]),
  line("droppedRateLimited", "Dropped: rate limit", "rate-limited", [2, 6]),
  line("droppedUnacknowledged", "Dropped: not acknowledged", "unacknowledged", [10, 3, 2, 3]),
];

function line(
  key: keyof SampleCounts,
  label: string,
  className: string,
  dash: readonly number[],
  { isFilled = false, isHiddenWhereNone = true }: Partial<Pick<Series, "isFilled" | "isHiddenWhereNone">> = {},
): Series {
  return { key, label, className, dash, isFilled, isHiddenWhereNone };
}
