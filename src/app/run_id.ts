/** What tells one run of the program from all others of the same scanner: a start, not a boot, and whatever the clock says. */
export function newRunId(random: () => number): string {
  return Math.floor(random() * 2 ** 32).toString(16).padStart(8, "0");
}
