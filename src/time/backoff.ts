/** How waits grow between failing attempts. */
export interface BackoffPolicy {
  /** Wait after the first failure, in milliseconds. */
  readonly initialDelayMs: number;
  /** Upper bound of the wait, in milliseconds. */
  readonly maxDelayMs: number;
  /** Doubles the wait with each failure; false: always `initialDelayMs`. */
  readonly exponential: boolean;
}

/**
 * The wait before the next attempt: `initialDelayMs · 2^failures`, at most `maxDelayMs`, randomised to between half and
 * all of that, so that many agents that lost a broker at the same moment do not return at the same moment.
 *
 * @param failures how many attempts have failed since the last success, less one (0 = first failure)
 * @param random a number in [0, 1)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { backoffMs } from "./backoff.ts";
 *
 * const policy = { initialDelayMs: 1_000, maxDelayMs: 60_000, exponential: true };
 * assert.equal(backoffMs(2, policy, () => 0), 2_000);
 * assert.equal(backoffMs(99, policy, () => 0.5), 45_000);
 * ```
 */
export function backoffMs(failures: number, policy: BackoffPolicy, random: () => number): number {
  const factor = policy.exponential ? 2 ** Math.min(failures, 30) : 1;
  const longestMs = Math.min(policy.initialDelayMs * factor, policy.maxDelayMs);
  return longestMs * (0.5 + random() / 2);
}
