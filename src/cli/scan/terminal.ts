import { libcPaths } from "../../hci/mod.ts";

/** Signals with which a terminal, or a person at it, has a program stopped or ended. */
export type TerminalSignal = "SIGTSTP" | "SIGQUIT";

/** What a program that fills a terminal asks of it, besides to write. */
export interface Terminal {
  /** Whether it is ours: a job in the background that changes it, or reads from it, is stopped. */
  isForeground(): boolean;
  /**
   * Has keys handed over as they are typed, and unseen, or whole lines again. Those that mean a signal
   * (Ctrl-C, Ctrl-Z) go on to mean it. Does nothing where standard input is no terminal.
   */
  takeKeys(areTaken: boolean): void;
  /** What was typed since the last time, without waiting; null: the terminal is gone. */
  typed(): string | null;
  /** Has done to the process what a signal does where nobody listens; returns when that let it go on. */
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
 * Deno's own would not do: its reading cannot be called off, its raw mode is ended at the exit even in the
 * background, where that stops the process, and to send signals it wants the right to run programs.
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

/** The terminal of this process, open for as long as it lives; null where there is no C library to ask. */
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
      // Where nobody listens Deno itself stops the process, even one that no shell would continue.
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
