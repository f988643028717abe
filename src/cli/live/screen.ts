import type { Terminal, TerminalSignal } from "./terminal.ts";

/** Characters that fit on a terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Of a terminal that does not report its size. */
export const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** The alternate screen, so that the previous content comes back; no cursor; no line wrapping. */
const BEGIN = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const END = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
/** Before a line, not behind it: behind one as wide as the terminal it would take its last character. */
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/**
 * A terminal while it shows a live display. Whatever ends or stops the program, the terminal is restored first; in the
 * background it is left alone.
 */
export class Screen implements Disposable {
  readonly #write: (text: string) => void;
  readonly #terminal: Terminal | null;
  readonly #listeners: ReadonlyMap<Deno.Signal, () => void>;
  readonly #dispose = (): void => this[Symbol.dispose]();
  #isOpen = true;
  #isTaken = false;

  /**
   * @param terminal null: one that can only be written to
   */
  constructor(write: (text: string) => void, terminal: Terminal | null) {
    this.#write = write;
    this.#terminal = terminal;
    this.#listeners = new Map<Deno.Signal, () => void>(
      terminal === null ? [] : [
        ["SIGTSTP", () => this.#obey("SIGTSTP")],
        ["SIGQUIT", () => this.#obey("SIGQUIT")],
        ["SIGCONT", () => this.#giveBack()], // others have used it meanwhile: set it up again
      ],
    );
    for (const [signal, listener] of this.#listeners) Deno.addSignalListener(signal, listener);
    globalThis.addEventListener("unload", this.#dispose);
    this.#take();
  }

  /** Whether the terminal is still as {@linkcode draw} left it. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Shows these lines, in place of what was there. */
  draw(lines: readonly string[]): void {
    if (this.#take()) this.#write(HOME + lines.map((line) => CLEAR_LINE + line).join("\r\n") + CLEAR_BELOW);
  }

  /** What was typed since the last call; null: nobody can type any more. */
  typed(): string | null {
    return this.#isTaken && this.#terminal !== null ? this.#terminal.typed() : "";
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    globalThis.removeEventListener("unload", this.#dispose);
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
    this.#giveBack();
  }

  #take(): boolean {
    if (!this.#isOpen || this.#isTaken) return this.#isOpen;
    if (this.#terminal?.isForeground() === false) return false;
    this.#isTaken = true;
    this.#terminal?.takeKeys(true);
    this.#write(BEGIN);
    return true;
  }

  #giveBack(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    if (this.#terminal?.isForeground()) this.#terminal.takeKeys(false);
    this.#write(END);
  }

  #obey(signal: TerminalSignal): void {
    this.#giveBack();
    this.#terminal?.raise(signal);
  }
}

/** The size of the terminal on standard output; null if it is not a terminal, or one that cannot move its cursor. */
export function terminalSize(env: Readonly<Record<string, string>>): TerminalSize | null {
  return Deno.stdout.isTerminal() && env["TERM"] !== "dumb" ? knownSize(Deno.consoleSize()) : null;
}

/** The size if the terminal knows it: a serial console, or one that was just opened, reports 0 × 0. */
export function knownSize({ columns, rows }: TerminalSize): TerminalSize {
  return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows };
}
