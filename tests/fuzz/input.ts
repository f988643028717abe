/** What a target is fed, piece by piece: packets, or parts of a stream. */
export type Input = readonly Uint8Array[];

/** As text: a line of hexadecimal digits for each piece, below `comments`. */
export function inputToText(input: Input, comments: readonly string[] = []): string {
  const notes = comments.flatMap((comment) => comment.split("\n")).map((line) => `# ${line}\n`);
  return notes.join("") + input.map((piece) => `${piece.toHex()}\n`).join("");
}

/**
 * Reads it back.
 *
 * @throws {SyntaxError} where a line is neither hexadecimal nor a comment
 */
export function inputFromText(text: string): Input {
  return text.trimEnd().split("\n").filter((line) => !line.startsWith("#")).map((line) => Uint8Array.fromHex(line));
}
