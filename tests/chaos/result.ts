/** What one repetition of one fault came to; a line of output carries it from process to process. */
export interface Result {
  readonly fault: string;
  /** From the end of the fault to the first message about a report read after it; null: none came in time. */
  readonly recoveryMs: number | null;
  /** Reports that were lost, by the counter that says why. */
  readonly lost: Readonly<Record<string, number>>;
  /** The longest recovery allowed. */
  readonly goalMs: number;
  /** How much private memory the agent gained while the fault lasted. */
  readonly growthKiB?: number;
  /** What else was not as promised. */
  readonly problems: readonly string[];
}

/** What a case in a virtual machine may leave out. */
const DEFAULTS = { lost: {}, goalMs: 10_000, problems: [] };
const PREFIX = "chaos: ";

/** A line for {@linkcode parseLine}. */
export function formatLine(result: Result): string {
  return PREFIX + JSON.stringify(result);
}

/**
 * Reads a line of output; null: it says something else. Where a virtual machine's console mixes lines, a result may
 * stand behind other text.
 */
export function parseLine(line: string): Result | null {
  const at = line.indexOf(`${PREFIX}{`);
  return at < 0 ? null : { ...DEFAULTS, ...JSON.parse(line.slice(at + PREFIX.length)) };
}

/** Everything that is wrong with a result. */
export function problemsOf({ recoveryMs, goalMs, problems }: Result): readonly string[] {
  if (recoveryMs === null) return ["not back", ...problems];
  if (recoveryMs > goalMs) return [`back after ${seconds(recoveryMs)} s, ${seconds(goalMs)} s allowed`, ...problems];
  return problems;
}

/** Milliseconds as seconds, to a tenth. */
export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
