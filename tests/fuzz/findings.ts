import { fileURLToPath } from "node:url";
import { type Input, inputToText } from "./input.ts";

const CORPUS = fileURLToPath(new URL("./corpus/", import.meta.url));

/**
 * Puts an input into the regression corpus, which `tests/fuzz` executes for ever after.
 *
 * @returns the file's path
 */
export function writeFinding(target: string, input: Input, comments: readonly string[]): string {
  return writeText(target, inputToText(input, comments), digest(inputToText(input)));
}

/** The same of an input that is text already. */
export function writeText(target: string, text: string, name = digest(text)): string {
  const path = `${CORPUS}${target}/${name}.hex`;
  Deno.mkdirSync(`${CORPUS}${target}`, { recursive: true });
  Deno.writeTextFileSync(path, text);
  return path;
}

/** Eight digits that differ for different texts, as good as always (FNV-1a). */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
