/** Over how long a rate is taken: long enough not to flicker, short enough to be called now. */
const OVER_MS = 10_000;

/** How fast a count grows, over the last ten seconds. */
export class Rate {
  #points: { readonly atMs: number; readonly count: number }[] = [];

  /** What was counted so far. A count that falls has begun anew. */
  add(atMs: number, count: number): void {
    if (count < (this.#points.at(-1)?.count ?? 0)) this.#points = [];
    this.#points.push({ atMs, count });
    while ((this.#points[1]?.atMs ?? atMs) <= atMs - OVER_MS) this.#points.shift();
  }

  /** A second, at this moment; null: not known yet. */
  perS(nowMs: number): number | null {
    const [first, ...later] = this.#points;
    const last = later.at(-1);
    if (first === undefined || last === undefined) return null;
    if (nowMs - last.atMs > OVER_MS) return 0;
    return (last.count - first.count) * 1000 / (Math.max(nowMs, last.atMs) - first.atMs);
  }
}
