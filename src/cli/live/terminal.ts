import { libcPaths } from "../../hci/mod.ts";

/** Signals with which a terminal, or the person at it, stops or ends a program. */
export type TerminalSignal = "SIGTSTP" | "SIGQUIT";

/** What a full-screen program needs from a terminal, besides writing to it. */
export interface Terminal {
  /** Whether this program is in its foreground: a background job that changes it, or reads from it, is stopped. */
  isForeground(): boolean;
  /**
   * Delivers keys as they are typed, without echo, or whole lines again. Keys that send a signal (Ctrl-C, Ctrl-Z) still
   * do. Does nothing if standard input is not a terminal.
   */
  takeKeys(areTaken: boolean): void;
  /** What was typed since the last call, without waiting; null: the terminal is gone. */
  typed(): string | null;
  /** Raises a signal with its default action; returns if the process is continued. */
  raise(signal: TerminalSignal): void;
}

const STDIN = 0;
const STDOUT = 1;
const POLLIN = 0x1;
const POLLHUP = 0x10;

/** `struct termios` (asm-generic/termbits.h): the local modes are the fourth word. */
const TERMIOS_BYTES = 64;
const LOCAL_MODES = 3;
const ICANON = 0x2;
const ECHO = 0x8;
const TCSADRAIN = 1;

/** More than any `struct sigaction`. */
const SIGACTION_BYTES = 256;

const NUMBERS: Readonly<Record<TerminalSignal, number>> = { SIGQUIT: 3, SIGTSTP: 20 };

/**
 * Deno's own API will not do: its reads cannot be cancelled, its raw mode is reset at exit even in the background,
 * which stops the process, and sending signals requires permission to run programs.
 */
const symbols = {
  getpgrp: { parameters: [], result: "i32" },
  tcgetpgrp: { parameters: ["i32"], result: "i32" },
  tcgetattr: { parameters: ["i32", "buffer"], result: "i32" },
  tcsetattr: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  raise: { parameters: ["i32"], result: "i32" },
} as const;

/** The terminal of this process, open for as long as it lives; null without a C library. */
export function openTerminal(): Terminal | null {
  const library = openFirst(libcPaths());
  if (library === null) return null;
  const c = library.symbols;
  const hasKeys = Deno.stdin.isTerminal();
  const typed = new Uint8Array(64);
  const found = new Uint32Array(TERMIOS_BYTES / 4);
  return {
    isForeground: () => [c.getpgrp(), -1].includes(c.tcgetpgrp(STDOUT)), // −1: it belongs to nobody's jobs
    takeKeys(areTaken) {
      if (!hasKeys) return;
      if (areTaken) c.tcgetattr(STDIN, found);
      const modes = found.slice();
      if (areTaken) modes[LOCAL_MODES] = (modes[LOCAL_MODES] ?? 0) & ~(ICANON | ECHO);
      c.tcsetattr(STDIN, TCSADRAIN, modes);
    },
    typed() {
      if (!hasKeys) return "";
      const pollfd = new Int16Array(Int32Array.of(STDIN, POLLIN).buffer);
      if (c.poll(pollfd, 1n, 0) < 1) return "";
      if (((pollfd[3] ?? 0) & POLLHUP) !== 0) return null;
      const length = Deno.stdin.readSync(typed);
      return length === null ? null : new TextDecoder().decode(typed.subarray(0, length));
    },
    raise(signal) {
      // Without a listener, Deno itself would stop the process, even if no shell could continue it.
      const listening = new Uint8Array(SIGACTION_BYTES);
      c.sigaction(NUMBERS[signal], new Uint8Array(SIGACTION_BYTES), listening); // all zero: the default
      c.raise(NUMBERS[signal]);
      c.sigaction(NUMBERS[signal], listening, null);
    },
  };
}

function openFirst(paths: readonly string[]): Deno.DynamicLibrary<typeof symbols> | null {
  for (const path of paths) {
    try {
      return Deno.dlopen(path, symbols);
    } catch {
      // It is elsewhere, or not allowed.
    }
  }
  return null;
}
