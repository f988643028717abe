/**
 * bt-scanner: from Bluetooth LE advertisements to MQTT messages.
 *
 * Here the program meets the process: arguments, environment, signals, faults, exit code.
 *
 * @module
 */
import type { MemoryGiver } from "./app/mod.ts";
import { rereadConfig, runCli } from "./cli/mod.ts";
import type { Config } from "./config/mod.ts";
import { dropProgramPages, type Libc, linuxHost } from "./hci/mod.ts";
import { ignoreStraySignals } from "./signals/mod.ts";
import { systemClock } from "./time/mod.ts";

/** A supervisor that sent SIGTERM waits 3 s; whatever still hangs then is not worth more. */
const LONGEST_END_MS = 2_900;

/** What signals ask of the program. */
export interface Signals {
  /** Aborts when it is told to end. */
  readonly ending: AbortSignal;
  /** Has `report` called for each SIGHUP that does not end it. */
  readonly onHangup: (report: () => void) => void;
}

/**
 * SIGINT and SIGTERM end the program, a second one at once. SIGHUP does not end a service: it means a new
 * configuration, also where it comes before there is anybody to read it. What runs on a terminal for somebody to look at ends with that terminal,
 * of which a shell and the kernel tell one after the other: that is nobody's impatience.
 */
export function listenToSignals(isService: boolean): Signals {
  let isEarly = false;
  let reportHangup = (): void => {
    isEarly = true;
  };
  const controller = new AbortController();
  const end = () => {
    if (controller.signal.aborted) return;
    controller.abort(new DOMException("told to end", "AbortError"));
    Deno.unrefTimer(setTimeout(() => Deno.exit(1), LONGEST_END_MS));
  };
  const endOrExit = () => controller.signal.aborted ? Deno.exit(1) : end();
  Deno.addSignalListener("SIGINT", endOrExit);
  Deno.addSignalListener("SIGTERM", endOrExit);
  Deno.addSignalListener("SIGHUP", isService ? () => reportHangup() : end);
  return { ending: controller.signal, onHangup };

  function onHangup(report: () => void): void {
    reportHangup = report;
    if (isEarly) report();
  }
}

/**
 * Ends the process with 1 by the first error that nobody caught, as soon as `report` is done with it.
 * The program is in an unknown state then: its supervisor starts a new one.
 */
function endOnFault(report: (fault: unknown) => Promise<void>): void {
  let ending = false;
  const end = (event: Event, fault: unknown) => {
    event.preventDefault(); // else the runtime writes to stderr itself, and waits for whoever reads that
    if (ending) return;
    ending = true;
    Promise.try(report, fault).catch(() => {}).then(() => Deno.exit(1));
  };
  globalThis.addEventListener("error", (event) => end(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => end(event, event.reason));
}

/** Writes all of it, waiting where the reader is slow. */
function writeTo(file: { writeSync(bytes: Uint8Array): number }): (text: string) => void {
  const encoder = new TextEncoder();
  return (text) => {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error) => !(error instanceof Deno.errors.NotFound));
}

async function openFile(path: string): Promise<ReadableStream<Uint8Array>> {
  return (await Deno.open(path)).readable;
}

/**
 * Puts a file in place of the last one, whole, for everybody to read. What another has put where it is written first is
 * not written to, whatever it leads to.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${Deno.pid}`;
  await Deno.remove(beside).catch(() => {}); // it is left of one that was killed, or it is not ours to remove
  await Deno.writeTextFile(beside, text, { createNew: true });
  await Deno.chmod(beside, 0o644);
  await Deno.rename(beside, path);
}

/** Gives up the permission to write, where there is any, unless the configuration asks for something to be written. */
export function giveUpWriting({ http, metrics }: Pick<Config, "http" | "metrics">): void {
  if (metrics.textfile !== null || http.listen?.startsWith("unix:")) return;
  Deno.permissions.revokeSync({ name: "write" });
}

function memory(): { readonly heapBytes: number; readonly rssBytes: number } {
  const { heapUsed: heapBytes, rss: rssBytes } = Deno.memoryUsage();
  return { heapBytes, rssBytes };
}

/**
 * V8 collects all of its garbage, then the C library gives back what was freed: by itself it does so only at the end of
 * its heap, and one piece that is still in use there kept 4 MB. Null where V8 was started without `--expose-gc`, as from
 * source.
 */
function memoryGiver(): MemoryGiver | null {
  const { gc } = globalThis as { gc?: (options: { type: "major"; flavor: "last-resort" }) => void };
  if (gc === undefined) return null;
  let opened: Libc | null | undefined;
  const libc = () => opened === undefined ? opened = openLibc() : opened;
  return {
    collect() {
      gc({ type: "major", flavor: "last-resort" });
      libc()?.trim();
    },
    dropProgramPages() {
      const library = libc();
      if (library !== null) dropProgramPages(library);
    },
  };
}

/** The C library, for as long as the process; null where there is none, and the system gets its memory back at the end. */
function openLibc(): Libc | null {
  try {
    return linuxHost.openLibc();
  } catch {
    return null;
  }
}

if (import.meta.main) {
  const isService = Deno.args[0] === "run";
  ignoreStraySignals(!isService);
  const { ending, onHangup } = listenToSignals(isService);
  const io = {
    host: {
      env: Deno.env.toObject(),
      pid: Deno.pid,
      clock: systemClock,
      random: Math.random,
      readFile: Deno.readFile,
      openFile,
      replaceFile,
      removeFile: Deno.remove,
      memory,
      memoryGiver: memoryGiver(),
      linux: linuxHost,
    },
    files: { exists, readTextFile: Deno.readTextFile },
    stdout: writeTo(Deno.stdout),
    stderr: writeTo(Deno.stderr),
    onFault: endOnFault,
  };
  const outcome = await runCli(Deno.args, io, ending);
  if (typeof outcome === "number") Deno.exit(outcome);
  const { config, configFile, ...facts } = outcome;
  giveUpWriting(config);
  const readConfig = () => rereadConfig(Deno.args, configFile, io);
  io.host.memoryGiver?.collect(); // what the command line needed, before more is taken
  const { run } = await import("./app/run.ts");
  Deno.exit(
    await run(config, { ...io.host, ...facts, log: Deno.stderr, onFault: endOnFault, readConfig, onHangup }, ending),
  );
}
