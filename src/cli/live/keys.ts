/** A key with a name, or the character that it types. */
export type Key =
  | { readonly name: "up" | "down" | "page up" | "page down" | "home" | "end" }
  | { readonly name: "enter" | "escape" | "backspace" }
  | { readonly name: "character"; readonly character: string };

const ESC = "\x1b";

/** What terminals send for keys that type nothing, after ESC. */
const SEQUENCES: ReadonlyMap<string, Key> = new Map([
  ["A", { name: "up" }],
  ["B", { name: "down" }],
  ["H", { name: "home" }],
  ["F", { name: "end" }],
  ["1~", { name: "home" }],
  ["4~", { name: "end" }],
  ["5~", { name: "page up" }],
  ["6~", { name: "page down" }],
]);

/** An ESC and what belongs to it, or a character. */
const KEY = new RegExp(`${ESC}[[O][0-9;]*[@-~]?|[^]`, "gu");

/** The keys that a terminal sent. An ESC with nothing behind it is the key; sequences that are not known are none. */
export function parseKeys(typed: string): Key[] {
  const keys: Key[] = [];
  for (const [text] of typed.matchAll(KEY)) {
    const key = text.length > 1 && text.startsWith(ESC) ? SEQUENCES.get(text.slice(2)) : single(text);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

function single(text: string): Key | undefined {
  if (text === ESC) return { name: "escape" };
  if (text === "\r" || text === "\n") return { name: "enter" };
  if (text === "\x7f" || text === "\b") return { name: "backspace" };
  return /^\p{C}$/u.test(text) ? undefined : { name: "character", character: text };
}
