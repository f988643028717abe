/**
 * Whether a name is of this form: `*` stands for any characters, also none, `?` for one; all else for itself.
 *
 * Takes at most as many steps as the product of both lengths, whatever they are: only the last `*` is ever tried again.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matchesName } from "./name_pattern.ts";
 *
 * assert.ok(matchesName("Ruuvi*", "Ruuvi 1A2B"));
 * assert.ok(!matchesName("Ruuvi ?", "Ruuvi 1A2B"));
 * ```
 */
export function matchesName(pattern: string, name: string): boolean {
  let at = 0;
  let inName = 0;
  let afterStar = -1;
  let resumeAt = 0;
  while (inName < name.length) {
    const wanted = pattern[at];
    if (wanted === "*") {
      afterStar = ++at;
      resumeAt = inName;
    } else if (wanted === "?" || wanted === name[inName]) {
      at++;
      // A character beyond the first 65,536 is two units; of a lone half, one.
      inName += wanted === "?" && (name.codePointAt(inName) ?? 0) > 0xffff ? 2 : 1;
    } else if (afterStar >= 0) {
      at = afterStar;
      inName = ++resumeAt;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
