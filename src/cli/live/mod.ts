/**
 * Tables on a terminal, live or printed once.
 *
 * @module
 */
export { type Key, parseKeys } from "./keys.ts";
export { type TerminalSize, terminalSize, USUAL_SIZE } from "./screen.ts";
export { type LiveDisplay, type LiveIo, showLive } from "./show.ts";
export { type Column, renderRows, shortCount, shortDuration, type TableLayout } from "./table.ts";
export { openTerminal, type Terminal } from "./terminal.ts";
