import type { Clock } from "./clock.ts";

/** A time limit, which ends with its scope. */
export interface TimeLimit extends Disposable {
  /** Aborts when the time is up, or with the reason of the signal in the options. */
  readonly signal: AbortSignal;
}

/** Options of {@linkcode timeLimit}. */
export interface TimeLimitOptions {
  /** Aborts {@linkcode TimeLimit.signal} before the time is up. */
  readonly signal?: AbortSignal;
  /** Makes the reason with which the signal aborts when the time is up; default: a `TimeoutError`. */
  readonly reason?: () => unknown;
}

/**
 * Limits the time of what is done in a scope: its signal aborts `timeoutMs` from now. At the end of the scope the timer
 * is gone, and so is the listener on the signal in the options.
 *
 * @param timeoutMs null: no limit but `options.signal`
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
