/** Characters that fit on a terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Of a terminal that does not tell. */
export const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** The alternate screen, so that what stood there comes back; no cursor; no lines that wrap. */
const BEGIN = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const END = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_REST_OF_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** A terminal as long as it shows one thing that changes. Whatever ends the program, it is put back first. */
export class Screen implements Disposable {
  readonly #write: (text: string) => void;
  readonly #restore = (): void => this[Symbol.dispose]();
  #isOpen = true;

  constructor(write: (text: string) => void) {
    this.#write = write;
    globalThis.addEventListener("unload", this.#restore);
    write(BEGIN);
  }

  /** Shows these lines, in place of what was there. */
  draw(lines: readonly string[]): void {
    this.#write(HOME + lines.map((line) => line + CLEAR_REST_OF_LINE).join("\r\n") + CLEAR_BELOW);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    globalThis.removeEventListener("unload", this.#restore);
    this.#write(END);
  }
}

/** The size of the terminal that standard output is; null where it is none, or one that cannot move its cursor. */
export function terminalSize(env: Readonly<Record<string, string>>): TerminalSize | null {
  return Deno.stdout.isTerminal() && env["TERM"] !== "dumb" ? knownSize(Deno.consoleSize()) : null;
}

/** The size where the terminal knows it: a serial console, or one that was just opened, says 0 × 0. */
export function knownSize({ columns, rows }: TerminalSize): TerminalSize {
  return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows };
}
