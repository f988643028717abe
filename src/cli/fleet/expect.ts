import { escapeInvisible } from "../../text/mod.ts";

/** A file of expected scanners holds something else. */
export class ExpectError extends Error {
  /** Tells it from other errors. */
  override readonly name = "ExpectError";
}

const MOST_PROBLEMS = 10;

/**
 * Reads {@linkcode parseExpected} from a file.
 *
 * @throws {ExpectError} also if it cannot be read
 */
export async function readExpected(path: string, read: (path: string) => Promise<string>): Promise<Set<string>> {
  let text: string;
  try {
    text = await read(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExpectError(escapeInvisible(`Cannot read ${path}: ${why}; check --expect`));
  }
  return parseExpected(text, path);
}

/**
 * The ids in a file: one a line; what follows a `#`, and empty lines, do not count.
 *
 * @throws {ExpectError} with every line that is no id
 */
export function parseExpected(text: string, file: string): Set<string> {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).map((line) => line.replace(/#.*/, "").trim());
  const problems = lines.flatMap((line, i) => {
    if (line === "" || /^[A-Za-z0-9._-]{1,64}$/.test(line)) return [];
    return [escapeInvisible(`${file}:${i + 1}: ${JSON.stringify(line.slice(0, 100))} is no id of a scanner`)];
  });
  const ids = new Set(lines.filter((line) => line !== ""));
  if (problems.length === 0 && ids.size === 0) problems.push(`${file}: names no scanner`);
  if (problems.length === 0) return ids;
  const more = problems.length - MOST_PROBLEMS;
  const told = [...problems.slice(0, MOST_PROBLEMS), ...(more > 0 ? [`… and ${more} more lines`] : [])];
  throw new ExpectError(`${told.join("\n")}\nOne id a line: 1 to 64 of A-Z a-z 0-9 . _ -`);
}
