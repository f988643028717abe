/** Time, passed in: wall clock, monotonic clock, waiting, and backoff.
 *
 * @module
 */
export { type Clock, systemClock } from "./clock.ts";
export { backoffMs, type BackoffPolicy } from "./backoff.ts";
