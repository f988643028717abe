import type { Clock } from "../time/mod.ts";
import type { Distribution } from "./family.ts";

/** Often enough to meet one pause in a few, seldom enough to cost nothing. */
const EVERY_MS = 200;
const BOUNDS_S: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Measures by how much a timer is late, for as long as it is not disposed of: so long does everything else wait, too. */
export class LoopLag implements Disposable {
  readonly #ended = new AbortController();
  readonly #counts: number[] = new Array(BOUNDS_S.length + 1).fill(0);
  #sumS = 0;

  constructor(clock: Clock) {
    this.#run(clock, this.#ended.signal);
  }

  /** What was measured so far. */
  get distribution(): Distribution {
    return { bounds: BOUNDS_S, counts: [...this.#counts], sum: this.#sumS };
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  async #run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const dueMs = clock.monotonicMs() + EVERY_MS;
      await clock.sleep(EVERY_MS, signal).catch(() => {});
      if (!signal.aborted) this.#late(Math.max(0, clock.monotonicMs() - dueMs) / 1000);
    }
  }

  #late(seconds: number): void {
    const index = BOUNDS_S.findIndex((bound) => seconds <= bound);
    const at = index < 0 ? BOUNDS_S.length : index;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sumS += seconds;
  }
}
