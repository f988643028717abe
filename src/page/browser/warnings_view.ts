import type { PageEvent, WarningView } from "../contract.ts";
import { element, elementOf, make, show } from "./dom.ts";
import { moment } from "./format.ts";

/** As many are shown without being asked for. */
const FEW = 5;
/** As many as the scanner keeps. */
const MOST = 50;

/** The log's last warnings and errors, the newest first. */
export class WarningsView {
  readonly #list = element("warnings");
  readonly #none = element("no-warnings");
  readonly #more = elementOf("more-warnings", HTMLButtonElement);
  #lastNumber = 0;
  #isAllShown = false;

  /** Shows nothing yet. */
  constructor() {
    this.#more.addEventListener("click", () => {
      this.#isAllShown = !this.#isAllShown;
      this.#limit();
    });
  }

  /** Takes what is new, or all there is. `offsetMs` leads from the scanner's clock to the reader's. */
  update({ warnings, isWhole, nowMs }: PageEvent, offsetMs: number): void {
    if (isWhole) {
      this.#list.replaceChildren();
      this.#lastNumber = 0;
    }
    for (const warning of warnings) {
      if (warning.number <= this.#lastNumber) continue;
      this.#lastNumber = warning.number;
      this.#list.prepend(item(warning, nowMs, offsetMs));
    }
    while (this.#list.childElementCount > MOST) this.#list.lastElementChild?.remove();
    this.#limit();
  }

  #limit(): void {
    const items = [...this.#list.children].filter((child) => child instanceof HTMLElement);
    items.forEach((child, index) => child.hidden = !this.#isAllShown && index >= FEW);
    this.#none.hidden = items.length > 0;
    this.#more.hidden = items.length <= FEW;
    show(this.#more, this.#isAllShown ? `Show the last ${FEW} only` : `Show all ${items.length}`);
  }
}

function item(
  { atMs, level, event, fields }: WarningView,
  nowMs: number,
  offsetMs: number,
): HTMLElement {
  const when = new Date(atMs + offsetMs);
  const time = make("time", "muted", moment(atMs + offsetMs, nowMs + offsetMs));
  time.dateTime = when.toISOString();
  return make(
    "li",
    "",
    time,
    " ",
    make("span", `level ${level}`, level),
    " ",
    make("b", "", event),
    " ",
    make("code", "", fields),
  );
}
