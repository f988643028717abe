/** What a process holds at one moment. */
export interface Memory {
  /** Resident set, shared pages included. */
  readonly rssKiB: number;
  /** Pages that are its own and written to: what goes when it ends. */
  readonly privateKiB: number;
}

/**
 * Reads what the kernel knows of a process.
 *
 * @throws {Deno.errors.NotFound} where it has ended
 */
export async function readMemory(pid: number): Promise<Memory> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return { rssKiB: valueOf(text, "Rss"), privateKiB: valueOf(text, "Private_Dirty") };
}

function valueOf(text: string, name: string): number {
  const value = new RegExp(`^${name}: +([0-9]+) kB$`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`Cannot read memory: smaps_rollup has no ${name}`);
  return Number(value);
}
