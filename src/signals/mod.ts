/** Signals that are not for this program.
 *
 * @module
 */
import { libcPaths } from "../hci/linux/libc.ts";

/**
 * By default these end the process, though whoever sends them seldom means that: SIGUSR1, SIGUSR2, SIGALRM, SIGSTKFLT,
 * SIGVTALRM, SIGPROF, SIGIO, SIGPWR, and the real-time signals. The runtime itself ignores SIGPIPE.
 *
 * @see signal(7)
 */
const STRAY: readonly number[] = [10, 12, 14, 16, 26, 27, 29, 30, ...Array.from({ length: 31 }, (_, i) => 34 + i)];

const SIGHUP = 1;
const SIG_IGN = 1n;

/** More than a `struct sigaction` has; what is to be done comes first in it. */
const SIGACTION_BYTES = 256;

const symbols = {
  signal: { parameters: ["i32", "usize"], result: "usize" },
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
} as const;

/**
 * Has the kernel ignore stray signals. SIGUSR1 above all: half a second after its start Deno listens for it, and the
 * first one opens V8's inspector on port 9229 to every user of the machine.
 *
 * Without a C library, or permission for it, everything stays as the runtime sets it up.
 *
 * @param heedNohup whether SIGHUP stays ignored if it was when the program was started, see nohup(1)
 */
export function ignoreStraySignals(heedNohup: boolean, paths: readonly string[] = libcPaths()): void {
  const libc = openLibc(paths);
  if (libc === null) return;
  const { signal, sigaction } = libc.symbols;
  // Only asked, not set: on a slow machine the runtime listens already, and would not learn of it any more.
  const hangup = new BigUint64Array(SIGACTION_BYTES / 8);
  sigaction(SIGHUP, null, new Uint8Array(hangup.buffer));
  // Deno asks the kernel for a signal at its first listener alone, and for SIGHUP with the first of all: what is set
  // after that stays, whoever listens later.
  Deno.addSignalListener("SIGUSR1", () => {});
  const ignored = heedNohup && hangup[0] === SIG_IGN ? [SIGHUP, ...STRAY] : STRAY;
  for (const number of ignored) signal(number, SIG_IGN);
  libc.close();
}

function openLibc(paths: readonly string[]): Deno.DynamicLibrary<typeof symbols> | null {
  for (const path of paths) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") continue;
    try {
      return Deno.dlopen(path, symbols);
    } catch {
      // Another distribution has it elsewhere.
    }
  }
  return null;
}
