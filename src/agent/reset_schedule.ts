/**
 * When a scan that will not recover is worth switching the adapter off and on: at the second try that
 * brought nothing, then at the fourth, the eighth, …. It never gives up, and never becomes a loop.
 */
export class ResetSchedule {
  #tries = 0;
  #next = 2;

  /** @param longestPause the most tries from one reset to the next */
  constructor(private readonly longestPause: number) {}

  /** Counts one more try that brought nothing; true: switch the adapter off and on before the next. */
  isDue(): boolean {
    if (++this.#tries < this.#next) return false;
    this.#next += Math.min(this.#next, this.longestPause);
    return true;
  }

  /** The scan works again. */
  clear(): void {
    this.#tries = 0;
    this.#next = 2;
  }
}
