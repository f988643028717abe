/** What the exit code tells a supervisor. */
export const EXIT = {
  /** Done, or ended as told. */
  ok: 0,
  /** Something failed. */
  failure: 1,
  /** Wrong usage or configuration: trying again cannot help. */
  usage: 2,
  /** What was asked did not answer (EX_UNAVAILABLE of sysexits.h, as 77 is its EX_NOPERM). */
  unavailable: 69,
  /** Permission is missing. */
  permission: 77,
} as const;
