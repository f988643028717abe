import { EXIT } from "../../app/exit_codes.ts";
import { escapeInvisible } from "../../text/mod.ts";

/** What is examined, by an identifier for programs: it stays what it is from version to version. */
export const FINDING_IDS = [
  "configuration",
  "clock",
  "storage",
  "temperature",
  "power",
  "service",
  "in_force",
  "permissions",
  "adapter",
  "controller",
  "other_programs",
  "http",
  "textfile",
  "client_certificate",
  "broker_certificate",
  "broker",
  "publishing",
  "home_assistant",
] as const;

/** One of {@linkcode FINDING_IDS}. */
export type FindingId = (typeof FINDING_IDS)[number];

/** How serious a finding is: nothing to do; it works, perhaps not for long or not well; it keeps `run` from working. */
export const LEVELS = ["ok", "warning", "problem"] as const;

/** Something that was examined, as `--json` prints it. */
export interface ReportedFinding {
  readonly id: FindingId;
  readonly level: (typeof LEVELS)[number];
  /** What it is about, in a word or two; of several adapters, which. */
  readonly subject: string;
  /** What was found. Never a secret. */
  readonly text: string;
  /** What to do about it; null: nothing, or `text` says it. */
  readonly remedy: string | null;
}

/** Something that was examined. */
export interface Finding extends ReportedFinding {
  /** The exit code if it were the only problem; default: failure. */
  readonly exitCode?: number;
}

export function ok(id: FindingId, text: string, subject = subjectOf(id)): Finding {
  return { id, level: "ok", subject, text, remedy: null };
}

export function warning(id: FindingId, text: string, remedy: string | null, subject = subjectOf(id)): Finding {
  return { id, level: "warning", subject, text, remedy };
}

export function problem(
  id: FindingId,
  text: string,
  remedy: string | null,
  { subject = subjectOf(id), exitCode = EXIT.failure }: { readonly subject?: string; readonly exitCode?: number } = {},
): Finding {
  return { id, level: "problem", subject, text, remedy, exitCode };
}

function subjectOf(id: FindingId): string {
  return id.replaceAll("_", " ");
}

/** A finding as a line, without its line feed. */
export function renderFinding({ level, subject, text, remedy }: Finding): string {
  return escapeInvisible(
    `${level.padEnd("problem".length)}  ${subject}: ${text}${remedy === null ? "" : `; ${remedy}`}`,
  );
}

/** All findings, for programs. */
export function renderJson(findings: readonly Finding[]): string {
  const reported = findings.map(({ exitCode: _, ...finding }): ReportedFinding => finding);
  return `${JSON.stringify(reported, null, 2)}\n`;
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
