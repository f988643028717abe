/** The two clocks and the waiting that the program needs; a test passes its own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. Jumps when NTP or a person sets it: only for time stamps. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, never going back: for every interval and age. */
  monotonicMs(): number;
  /**
   * Resolves after `delayMs` milliseconds.
   *
   * @throws the signal's reason, as soon as it aborts
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, delayMs);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
};
