import type { Clock } from "../time/mod.ts";

/** A controller answers within milliseconds; Linux itself gives up on one after 2 s. */
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Runs a step that waits for the controller, and bounds it.
 *
 * @throws {Error} with `complaint` where it takes longer than 2 s
 */
export async function answered<T>(
  clock: Clock,
  complaint: string,
  running: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(ANSWER_TIMEOUT_MS, done.signal).then(() => timeout.abort(new Error(complaint)), () => {});
  try {
    return await run(AbortSignal.any([running, timeout.signal]));
  } finally {
    done.abort();
    await timer;
  }
}
