import type { ErrorCode } from "yaml";

/** What to do if a character has an unintended meaning to YAML. */
export const QUOTE_IT = "put the value in quotes";

/** Errors whose message from `yaml` never quotes the file. */
const QUOTES_NOTHING: ReadonlySet<ErrorCode> = new Set([
  "ALIAS_PROPS",
  "BAD_ALIAS",
  "BAD_INDENT",
  "BLOCK_IN_FLOW",
  "KEY_OVER_1024_CHARS",
  "MISSING_CHAR",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_DOCS",
  "MULTIPLE_TAGS",
  "TAB_AS_INDENT",
]);

/** What is said instead of messages that quote the file. */
const OWN_WORDS: Readonly<Partial<Record<ErrorCode, readonly [problem: string, remedy: string]>>> = {
  BAD_DIRECTIVE: ["a line that begins with % is a directive, and this one is not valid", "remove it"],
  BAD_DQ_ESCAPE: ["unknown escape sequence in double quotes", "write \\\\ for a backslash, or use single quotes"],
  BLOCK_AS_IMPLICIT_KEY: ["there is a key within this value", `indent the keys of a section alike, or ${QUOTE_IT}`],
  MULTILINE_IMPLICIT_KEY: ["a key spans several lines", "check colons, quotes and indentation"],
  BAD_SCALAR_START: ["no value can begin with this character", QUOTE_IT],
  TAG_RESOLVE_FAILED: ["! begins a tag, which is not allowed here", QUOTE_IT],
  UNEXPECTED_TOKEN: ["this does not belong here", `${QUOTE_IT}, or check brackets and indentation before it`],
};

/** Whether `yaml` gave up; other errors follow from that. */
export function isTooDeep({ code }: { readonly code: ErrorCode }): boolean {
  return code === "RESOURCE_EXHAUSTION";
}

/** What is wrong with the YAML, and what to do about it, without quoting the file: any part of it may be a password. */
export function describeYamlError(
  { code, message }: { readonly code: ErrorCode; readonly message: string },
): readonly [problem: string, remedy: string | null] {
  if (isTooDeep({ code })) return ["nested too deeply", null];
  if (message.startsWith("Implicit map keys need")) {
    return ["not valid YAML: a key without a value", "write `key: value`"];
  }
  const [problem, remedy] = QUOTES_NOTHING.has(code)
    ? [message, null]
    : OWN_WORDS[code] ?? ["this cannot be read", QUOTE_IT];
  return [`not valid YAML: ${problem}`, remedy];
}
