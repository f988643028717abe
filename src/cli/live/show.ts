import type { CliIo } from "../io.ts";
import type { Clock } from "../../time/mod.ts";
import { Screen, type TerminalSize, USUAL_SIZE } from "./screen.ts";
import type { Terminal } from "./terminal.ts";

/** What a live display needs from outside. */
export interface LiveIo extends Pick<CliIo, "stdout" | "stderr" | "onFault"> {
  readonly host: { readonly clock: Clock };
  /** The size of the terminal that shows standard output; null if it is not a terminal. */
  readonly terminalSize: () => TerminalSize | null;
}

/** What is shown live. */
export interface LiveDisplay {
  /** The lines to be shown at this moment. */
  frame(size: TerminalSize): string[];
  /** Takes what a person has typed, and says what follows from it. */
  typed(text: string): "quit" | "redraw" | "nothing";
}

const REDRAW_MS = 1_000;
/** How soon a key is noticed. */
const KEYS_MS = 100;

/** Shows a display, redrawn each second, until `ending` settles; `quit` is called if a person asks for it. */
export async function showLive(
  { host: { clock }, stdout, stderr, onFault, terminalSize }: LiveIo,
  terminal: Terminal | null,
  display: LiveDisplay,
  ending: Promise<unknown>,
  quit: () => void,
): Promise<void> {
  using screen = new Screen(stdout, terminal);
  onFault((fault) => {
    screen[Symbol.dispose](); // what is printed now has to stay
    stderr(`${fault instanceof Error ? fault.stack : fault}\n`);
    return Promise.resolve();
  });
  const ended = new AbortController();
  ending.catch(() => {}).then(() => ended.abort());
  let dueMs = -Infinity;
  while (!ended.signal.aborted) {
    if (!screen.isTaken || clock.monotonicMs() >= dueMs) {
      dueMs = clock.monotonicMs() + REDRAW_MS;
      screen.draw(display.frame(terminalSize() ?? USUAL_SIZE));
    }
    const typed = screen.typed();
    const next = typed === null ? "quit" : typed === "" ? "nothing" : display.typed(typed);
    if (next === "quit") quit();
    if (next === "redraw") dueMs = -Infinity;
    else await clock.sleep(KEYS_MS, ended.signal).catch(() => {});
  }
}
