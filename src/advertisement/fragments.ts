/** The most an extended advertisement can hold, in bytes (Vol 4, Part E, 7.8.57). */
const MAX_ADVERTISEMENT_BYTES = 1_650;

/** Fragments follow each other within milliseconds; what is older will not be completed. */
const MAX_AGE_MS = 1_000;

/** Why a chain of fragments was given up. */
export type ChainFault = "fragments unfinished" | "fragments evicted";

interface Chain {
  readonly startedMs: number;
  /** What has come so far; null: more than an advertisement can hold. */
  data: Uint8Array | null;
}

/**
 * Keeps the fragments of extended advertisements until the last one arrives, within bounds: of
 * `maxPending` chains of at most 1650 bytes the oldest gives way, and none is kept for more than a
 * second. Every chain ends in exactly one way: finished, discarded or given up.
 */
export class Fragments {
  /** Oldest first. */
  readonly #chains = new Map<string, Chain>();

  constructor(private readonly maxPending: number, private readonly onGivenUp: (fault: ChainFault) => void) {}

  /** How many advertisements wait for their last fragment. */
  get pending(): number {
    return this.#chains.size;
  }

  /** Takes a fragment that more will follow. */
  add(key: string, fragment: Uint8Array, nowMs: number): void {
    const chain = this.#chains.get(key);
    if (chain !== undefined) {
      chain.data = join(chain.data, fragment);
      return;
    }
    if (this.#chains.size >= this.maxPending) this.#giveUpOldest("fragments evicted");
    // Not `slice`: that of a Node.js Buffer copies nothing.
    this.#chains.set(key, { startedMs: nowMs, data: new Uint8Array(fragment) });
  }

  /** Whether fragments under this key wait for more. */
  has(key: string): boolean {
    // Nearly always nothing waits; not hashing the key takes 0.15 µs off every extended report.
    return this.#chains.size > 0 && this.#chains.has(key);
  }

  /** Takes a last fragment; the whole, or null where it is more than an advertisement can hold. */
  finish(key: string, fragment: Uint8Array): Uint8Array | null {
    const head = this.#chains.get(key)?.data ?? null;
    this.#chains.delete(key);
    return join(head, fragment);
  }

  /** Drops a chain without a word: its caller accounts for it. */
  discard(key: string): void {
    this.#chains.delete(key);
  }

  /** Gives up the chains that are too old by now. */
  expire(nowMs: number): void {
    for (const { startedMs } of this.#chains.values()) {
      if (nowMs - startedMs <= MAX_AGE_MS) return;
      this.#giveUpOldest("fragments unfinished");
    }
  }

  /** Gives up every chain. */
  giveUpAll(): void {
    this.expire(Infinity);
  }

  #giveUpOldest(fault: ChainFault): void {
    for (const key of this.#chains.keys()) {
      this.#chains.delete(key);
      this.onGivenUp(fault);
      return;
    }
  }
}

function join(head: Uint8Array | null, tail: Uint8Array): Uint8Array | null {
  if (head === null || head.length + tail.length > MAX_ADVERTISEMENT_BYTES) return null;
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
