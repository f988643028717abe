/**
 * A promise that `begin` settles, unless `signal` aborts first: then it rejects with the signal's reason. It also
 * rejects with what `begin` throws. It leaves no listener on the signal.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { abortable } from "./abortable.ts";
 *
 * const answer = await abortable<number>(new AbortController().signal, (resolve) => resolve(42));
 * assert.equal(answer, 42);
 * ```
 */
export function abortable<T>(
  signal: AbortSignal,
  begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    else begin(resolve, reject);
  } catch (error) {
    reject(error);
  }
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

/** Settles as `promise` does, unless `signal` aborts first: then it rejects with the signal's reason. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {}); // if the signal has aborted already, nobody else handles it
  return abortable<T>(signal, (resolve, reject) => promise.then(resolve, reject));
}
