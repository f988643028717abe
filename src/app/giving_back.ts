import type { Clock } from "../time/mod.ts";

/** What the start needed is garbage by then, and the connection is usually made. */
const AFTER_START_MS = 10_000;
/** Seldom enough that a pause of 100 ms, as of a Raspberry Pi, makes one report in two hundred wait. */
const EVERY_MS = 20_000;

/** Gives memory back that is not needed any more. */
export interface MemoryGiver {
  /** All garbage, and what was freed. May take 100 ms on a Raspberry Pi. */
  collect(): void;
  /** Pages of the program's own file, of which the start needs many that nothing does later. */
  dropProgramPages(): void;
}

/** Gives back at once what was needed for something that is done with: now and then, not regularly. */
export function giveBack(giver: MemoryGiver | null): void {
  giver?.dropProgramPages();
  giver?.collect();
}

/**
 * Gives back memory that is not needed any more, after the start and then regularly until `signal` aborts: by itself the
 * runtime collects all of its garbage only once there is much of it, and then keeps what it has taken.
 */
export async function giveBackSeldom(
  { collect, dropProgramPages }: MemoryGiver,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(AFTER_START_MS, signal);
    dropProgramPages();
    for (;;) {
      collect();
      await clock.sleep(EVERY_MS, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
