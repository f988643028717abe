/**
 * Characters that take two columns: East Asian Wide and Fullwidth, by blocks, and emoji.
 *
 * @see Unicode Standard Annex 11
 */
const WIDE = new RegExp(
  "[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe10-\\ufe19" +
    "\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6\\u{16fe0}-\\u{18aff}\\u{1b000}-\\u{1b2ff}\\u{20000}-\\u{3fffd}]" +
    "|\\p{Emoji_Presentation}",
  "u",
);
/** Makes an emoji, and so a wide character, of the one before it. */
const EMOJI_STYLE = "\ufe0f";

/** How many columns a terminal gives to escaped text; terminals differ on the newest emoji. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
}

/** The text if it fits into this many columns, otherwise its beginning and `…`. */
export function clipToWidth(text: string, columns: number): string {
  if (text.length * 2 <= columns || displayWidth(text) <= columns) return text;
  let clipped = "";
  let left = columns - 1;
  for (const character of text) {
    left -= characterWidth(character);
    if (left < 0) break;
    clipped += character;
  }
  return columns < 1 ? "" : `${clipped}…`;
}

/** The text in exactly this many columns, clipped or padded with spaces. */
export function padToWidth(text: string, columns: number): string {
  const clipped = clipToWidth(text, columns);
  return clipped + " ".repeat(Math.max(0, columns - displayWidth(clipped)));
}

function characterWidth(character: string): number {
  if (character <= "\x7e" || character === EMOJI_STYLE) return 1;
  if (/\p{M}/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
