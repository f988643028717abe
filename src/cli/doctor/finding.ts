import { EXIT } from "../../app/exit_codes.ts";
import { escapeInvisible } from "../../text/mod.ts";

/** Something that was examined. */
export interface Finding {
  readonly level: "ok" | "warning" | "problem";
  /** What it is about, in a word or two. */
  readonly subject: string;
  /** What was found. Never a secret. */
  readonly what: string;
  /** What to do about it; null: nothing, or `what` says it. */
  readonly remedy: string | null;
  /** The exit code if it were the only problem; default: failure. */
  readonly exitCode?: number;
}

export function ok(subject: string, what: string): Finding {
  return { level: "ok", subject, what, remedy: null };
}

export function warning(subject: string, what: string, remedy: string | null): Finding {
  return { level: "warning", subject, what, remedy };
}

export function problem(
  subject: string,
  what: string,
  remedy: string | null,
  exitCode: number = EXIT.failure,
): Finding {
  return { level: "problem", subject, what, remedy, exitCode };
}

/** A finding as a line, without its line feed. */
export function renderFinding({ level, subject, what, remedy }: Finding): string {
  return escapeInvisible(
    `${level.padEnd("problem".length)}  ${subject}: ${what}${remedy === null ? "" : `; ${remedy}`}`,
  );
}

/** A summary of all findings in a sentence. */
export function summarise(findings: readonly Finding[]): string {
  const count = (level: Finding["level"], word: string) => {
    const found = findings.filter((finding) => finding.level === level).length;
    return `${found === 0 ? "no" : found} ${word}${found === 1 ? "" : "s"}`;
  };
  const counted = `${count("problem", "problem")}, ${count("warning", "warning")}`;
  return `${counted.charAt(0).toUpperCase()}${counted.slice(1)}.`;
}

/**
 * The exit code for all findings: an unusable configuration comes first, then what keeps the agent from working; 77 if
 * only permission is missing.
 */
export function exitCodeOf(findings: readonly Finding[]): number {
  const codes = new Set(findings.filter(({ level }) => level === "problem").map(({ exitCode }) => exitCode));
  return [EXIT.usage, EXIT.failure, EXIT.permission].find((code) => codes.has(code)) ?? EXIT.ok;
}
