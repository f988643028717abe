import { backoffMs, type BackoffPolicy, type Clock } from "../time/mod.ts";
import { ConnectionFailure } from "./failure.ts";

/** How often to look whether the first broker is back; longer after returns that were in vain. */
const LOOKS: BackoffPolicy = { initialDelayMs: 30_000, maxDelayMs: 1_800_000, exponential: true };

/** The broker that is to be returned to. */
export interface Returning {
  /** Whether it listens. */
  readonly probe: (signal: AbortSignal) => Promise<boolean>;
  /** Makes a connection, and closes it. Rejects with a {@linkcode ConnectionFailure}, or the signal's reason. */
  readonly check: (signal: AbortSignal) => Promise<void>;
}

/**
 * Resolves when a broker that failed accepts connections again. A connection elsewhere works, so nothing is urgent, and
 * that the broker listens is not enough: it may be frozen, or a proxy whose broker is gone.
 *
 * @param refused told of each further reason for which the broker, or this side, refuses
 * @param vainReturns how often in a row a return was in vain
 * @throws the signal's reason, as soon as it aborts
 */
export async function untilBack(
  { probe, check }: Returning,
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  refused: (failure: ConnectionFailure) => void,
  vainReturns: number,
  signal: AbortSignal,
): Promise<void> {
  let told: string | null = null;
  while (true) {
    await clock.sleep(backoffMs(vainReturns, LOOKS, random), signal);
    if (!await probe(signal)) continue;
    try {
      return await check(signal);
    } catch (error) {
      signal.throwIfAborted();
      const isOfUse = error instanceof ConnectionFailure && (error.kind === "rejected" || error.kind === "unfit");
      if (!isOfUse || error.message === told) continue;
      told = error.message;
      refused(error);
    }
  }
}
