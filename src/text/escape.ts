/** What a terminal shows as is, whatever its Unicode version; most text is nothing else. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * What it obeys, hides, or shows in another place: control characters (C0 with ESC and line feeds, C1), format
 * characters (direction overrides and isolates, zero width), lone surrogates, private and unassigned characters, line
 * and paragraph separators, fillers; and combining marks without a base character, or beyond the second on one.
 */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]|(?!\p{VS})\p{DI}|(?<![^\p{M}\p{Z}\p{C}]\p{M}?)\p{M}/gu;

/**
 * Escapes, as JSON does, whatever a terminal would not simply show. In a line of JSON all of that is inside strings, so
 * the meaning stays the same.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { escapeInvisible } from "./mod.ts";
 *
 * assert.equal(escapeInvisible("kitchen\x1b[2J"), "kitchen\\u001b[2J");
 * ```
 */
export function escapeInvisible(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(
    HARMFUL,
    (match) => match.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
