import { abortable } from "./abortable.ts";

/** The two clocks and the waiting that the program needs; tests pass their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. Jumps when NTP or a person sets it, so it is for timestamps only. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, never going back: for all intervals and ages. */
  monotonicMs(): number;
  /**
   * Resolves after `delayMs` milliseconds.
   *
   * @throws the signal's reason, as soon as it aborts
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

const never = new AbortController().signal;

/** The machine's own clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(delayMs, signal) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await abortable<void>(signal ?? never, (resolve) => timer = setTimeout(resolve, delayMs));
    } finally {
      clearTimeout(timer);
    }
  },
};
