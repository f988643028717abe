import { clipToWidth, escapeInvisible, padToWidth } from "../../text/mod.ts";
import { type Key, type LiveDisplay, parseKeys, type TerminalSize } from "../live/mod.ts";
import { renderDetail } from "./detail.ts";
import { filterBy, ORDERS, sortBy } from "./order.ts";
import { headline } from "./report.ts";
import type { Survey, Surveyed } from "./survey.ts";
import { renderFleet } from "./table.ts";

const REVERSE = "\x1b[7m";
const NORMAL = "\x1b[0m";
const LONGEST_FILTER = 64;
const KEYS = "↑↓ choose  Enter look into  s sort  / filter  q quit";

/** What the live table is made of. */
export interface ViewParts {
  /** Looks at all scanners. */
  readonly look: () => Survey;
  /** Why there is no connection; null: there is one. */
  readonly disconnection: () => string | null;
  /** The broker, as a person names it. */
  readonly broker: () => string;
}

/** The live table: sorted, filtered, or looked into, as a person types. */
export class FleetView implements LiveDisplay {
  #mode: "table" | "filter" | "detail" = "table";
  #order = "worst";
  #filter = "";
  /** The chosen scanner; null: whichever comes first. */
  #chosen: string | null = null;
  /** The first line of what is looked into. */
  #top = 0;
  /** Those that were last shown, in their order. */
  #shown: readonly Surveyed[] = [];
  #pageRows = 1;

  constructor(private readonly parts: ViewParts) {}

  /** The lines to be shown at this moment. */
  frame(size: TerminalSize): string[] {
    const seen = this.parts.look();
    this.#shown = sortBy(this.#order, filterBy(this.#filter, seen.scanners), seen.moment);
    const head = this.#head(seen);
    const foot = this.#foot(seen, size.rows - head.length - 1 - this.#shown.length);
    this.#pageRows = Math.max(1, size.rows - head.length - foot.length);
    const body = this.#mode === "detail" ? this.#detail(seen) : this.#table(seen, size.columns);
    const lines = [...head, ...body.slice(0, this.#pageRows), ...foot];
    return lines.slice(0, size.rows).map((line) => {
      if (!line.startsWith(REVERSE)) return clipToWidth(line, size.columns);
      return `${REVERSE}${padToWidth(line.slice(REVERSE.length), size.columns)}${NORMAL}`;
    });
  }

  /** Takes keys. */
  typed(text: string): "quit" | "redraw" {
    for (const key of parseKeys(text)) {
      if (this.#mode === "filter") this.#takeFilter(key);
      else if (key.name === "character" && /q/i.test(key.character)) return "quit";
      else if (this.#mode === "detail") this.#takeInDetail(key);
      else this.#takeInTable(key);
    }
    return "redraw";
  }

  #takeFilter(key: Key): void {
    if (key.name === "character") this.#filter = (this.#filter + key.character).slice(0, LONGEST_FILTER);
    if (key.name === "backspace") this.#filter = [...this.#filter].slice(0, -1).join("");
    if (key.name === "escape") this.#filter = "";
    if (key.name === "escape" || key.name === "enter") this.#mode = "table";
  }

  #takeInDetail(key: Key): void {
    if (key.name === "escape" || key.name === "enter" || key.name === "backspace") this.#mode = "table";
    this.#top = Math.max(0, this.#moved(this.#top, key, Infinity) ?? this.#top);
  }

  #takeInTable(key: Key): void {
    const last = this.#shown.length - 1;
    const at = this.#moved(this.#index, key, last);
    if (at !== null) this.#chosen = this.#shown[Math.max(0, Math.min(at, last))]?.id ?? null;
    if (key.name === "escape") this.#filter = "";
    if (key.name === "enter" && this.#shown.length > 0) {
      this.#chosen = this.#shown[this.#index]?.id ?? null;
      this.#mode = "detail";
      this.#top = 0;
    }
    if (key.name !== "character") return;
    if (key.character === "/") this.#mode = "filter";
    if (key.character === "s" || key.character === "S") this.#order = nextOrder(this.#order, key.character);
  }

  /** Where a key moves from a line; null: it does not move. */
  #moved(from: number, key: Key, last: number): number | null {
    const { name } = key;
    if (name === "up" || name === "character" && key.character === "k") return from - 1;
    if (name === "down" || name === "character" && key.character === "j") return from + 1;
    if (name === "page up") return from - this.#pageRows;
    if (name === "page down") return from + this.#pageRows;
    if (name === "home") return 0;
    return name === "end" ? last : null;
  }

  get #index(): number {
    return Math.max(0, this.#shown.findIndex(({ id }) => id === this.#chosen));
  }

  #head(seen: Survey): string[] {
    const reason = this.parts.disconnection();
    const all = headline(seen, this.parts.broker());
    return reason === null ? [all] : [escapeInvisible(`Not connected: ${reason}`), `Last seen: ${all}`];
  }

  /** @param room how many lines the table leaves */
  #foot({ problems, notes }: Survey, room: number): string[] {
    if (this.#mode === "detail") return ["Esc back  ↑↓ scroll  q quit"];
    const said = [...problems, ...notes].map(escapeInvisible);
    const told = said.slice(0, Math.max(1, room - 1));
    const more = said.length > told.length ? `  (and ${said.length - told.length} more, printed at the end)` : "";
    const filter = escapeInvisible(this.#filter);
    const only = filter === "" ? "" : `only “${filter}”: ${this.#shown.length}  `;
    const keys = this.#mode === "filter"
      ? `filter: ${filter}▏  Enter keep  Esc all`
      : `${only}by ${this.#order}  ${KEYS}`;
    return [...told.map((line, i) => i === told.length - 1 ? line + more : line), keys];
  }

  /** The heading, and as many scanners as there is room for around the one that is chosen. */
  #table({ moment }: Survey, columns: number): string[] {
    const rows = Math.max(1, this.#pageRows - 1);
    const index = this.#index;
    const first = Math.max(0, Math.min(index - Math.floor(rows / 2), this.#shown.length - rows));
    const [heading = "", ...lines] = renderFleet(this.#shown.slice(first, first + rows), moment, columns);
    return [heading, ...lines.map((line, i) => first + i === index && this.#chosen !== null ? REVERSE + line : line)];
  }

  #detail({ scanners, moment }: Survey): string[] {
    const chosen = scanners.find(({ id }) => id === this.#chosen);
    const lines = chosen === undefined ? [`${this.#chosen} is no longer there`] : renderDetail(chosen, moment);
    this.#top = Math.min(this.#top, Math.max(0, lines.length - this.#pageRows));
    return lines.slice(this.#top);
  }
}

function nextOrder(order: string, key: string): string {
  const orders = [...ORDERS.keys()];
  const step = key === "s" ? 1 : orders.length - 1;
  return orders[(orders.indexOf(order) + step) % orders.length] ?? "worst";
}
