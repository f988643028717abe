import type { Clock } from "../time/mod.ts";

/** What the start needed is garbage by then, and the connection is usually made. */
const AFTER_START_MS = 10_000;
/** Seldom enough that a pause of 100 ms, as of a Raspberry Pi, makes one report in two hundred wait. */
const EVERY_MS = 20_000;

/**
 * Gives back memory that is not needed any more, after the start and then regularly until `signal` aborts: by itself the
 * runtime collects all of its garbage only once there is much of it, and then keeps what it has taken.
 */
export async function giveBackSeldom(giveBack: () => void, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    for (let delayMs = AFTER_START_MS;; delayMs = EVERY_MS) {
      await clock.sleep(delayMs, signal);
      giveBack();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
