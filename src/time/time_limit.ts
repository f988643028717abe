import type { Clock } from "./clock.ts";

/** A bound in time; it ends with its scope. */
export interface TimeLimit extends Disposable {
  /** Aborts when the time is over, or for the reason of the signal that the limit was given. */
  readonly signal: AbortSignal;
}

/** What a {@linkcode TimeLimit} may be given. */
export interface TimeLimitOptions {
  /** Aborts {@linkcode TimeLimit.signal} before the time is over. */
  readonly signal?: AbortSignal;
  /** Makes the reason with which the signal aborts when the time is over; default: a `TimeoutError`. */
  readonly reason?: () => unknown;
}

/**
 * Bounds what is done in a scope: `timeoutMs` after now its signal aborts. At the end of the scope the timer is gone,
 * and so is the listener on the signal it was given.
 *
 * @param timeoutMs null: no bound but `options.signal`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { systemClock, timeLimit, untilAborted } from "./mod.ts";
 *
 * using limit = timeLimit(systemClock, 10, { reason: () => new Error("no answer within 10 ms") });
 * const answer = new Promise<string>(() => {});
 * await assert.rejects(untilAborted(answer, limit.signal), /no answer within 10 ms/);
 * ```
 */
export function timeLimit(clock: Clock, timeoutMs: number | null, options: TimeLimitOptions = {}): TimeLimit {
  const { signal, reason } = options;
  const limit = new AbortController();
  const ended = new AbortController();
  const onAbort = () => limit.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  else {
    signal?.addEventListener("abort", onAbort);
    if (timeoutMs !== null) {
      clock.sleep(timeoutMs, ended.signal).then(() => limit.abort(reason?.() ?? timeoutError(timeoutMs)), () => {});
    }
  }
  return {
    signal: limit.signal,
    [Symbol.dispose]() {
      ended.abort();
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

function timeoutError(timeoutMs: number): DOMException {
  return new DOMException(`took longer than ${timeoutMs / 1000} s`, "TimeoutError");
}
