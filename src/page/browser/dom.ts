/**
 * The one way in which text gets into the page: as text. What devices and brokers send is never parsed as HTML.
 *
 * @module
 */

/** An element of the page, which has it from the start. */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element #${id}`);
  return found;
}

/** The same, of this kind. */
export function elementOf<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = element(id);
  if (!(found instanceof kind)) throw new Error(`#${id} is no ${kind.name}`);
  return found;
}

/** A new element with a class, if that is not empty, and what is in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...content);
  return made;
}

/** Shows a text, and touches nothing where it is shown already. */
export function show(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** How good something is, told in colour and by a sign before it. */
export type Tone = "good" | "fair" | "bad" | "unknown";

/** Shows a text with its tone. */
export function showState(target: HTMLElement, tone: Tone, text: string): void {
  show(target, text);
  if (target.dataset["tone"] !== tone) target.dataset["tone"] = tone;
}

/** Shows a text, or, where there is none, nothing at all. */
export function showOrHide(target: HTMLElement, text: string | null): void {
  show(target, text ?? "");
  target.hidden = text === null;
}
