/** What the exit code tells a supervisor. */
export const EXIT = {
  /** Done, or ended as told. */
  ok: 0,
  /** Something failed. */
  failure: 1,
  /** Wrong usage or configuration: trying again cannot help. */
  usage: 2,
  /** Permission is missing. */
  permission: 77,
} as const;
