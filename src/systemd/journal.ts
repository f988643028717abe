/** Which file, socket or pipe a descriptor refers to. */
export interface FileIdentity {
  /** The device, as stat(2) numbers it. */
  readonly dev: bigint;
  /** The inode there. */
  readonly ino: bigint;
}

/**
 * Whether what is written there goes to the journal. A child inherits the variable, even where its output was sent
 * elsewhere: only the descriptor itself tells.
 *
 * @param stream the environment's `JOURNAL_STREAM`
 * @param output what is written to; null: nobody knows
 * @see systemd.exec(5), JOURNAL_STREAM
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isJournal } from "./journal.ts";
 *
 * assert.equal(isJournal("8:12345", { dev: 8n, ino: 12345n }), true);
 * assert.equal(isJournal("8:12345", { dev: 8n, ino: 1n }), false);
 * assert.equal(isJournal(undefined, { dev: 8n, ino: 12345n }), false);
 * ```
 */
export function isJournal(stream: string | undefined, output: FileIdentity | null): boolean {
  return output !== null && stream === `${output.dev}:${output.ino}`;
}
