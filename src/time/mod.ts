/**
 * Time, injected: wall clock, monotonic clock, abortable waiting, time limits, and backoff.
 *
 * @module
 */
export { abortable, untilAborted } from "./abortable.ts";
export { backoffMs, type BackoffPolicy } from "./backoff.ts";
export { type Clock, systemClock } from "./clock.ts";
export { type TimeLimit, timeLimit, type TimeLimitOptions } from "./time_limit.ts";
