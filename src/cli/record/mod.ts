/** `bt-scanner record`: what passes between this machine and the controller, as a btsnoop capture.
 *
 * @module
 */
import { EXIT } from "../../app/exit_codes.ts";
import { hciSource, type Host, type ListenEnd, Listening } from "../../app/mod.ts";
import type { Config } from "../../config/mod.ts";
import { recordPackets } from "../../hci/mod.ts";
import { createLog } from "../../log/mod.ts";
import type { CliIo } from "../io.ts";
import { CaptureFile, openCapture, type Writable } from "./capture_file.ts";

/** What `record` needs from outside. */
export interface RecordIo {
  readonly host: Pick<Host, "clock" | "random" | "openFile" | "linux">;
  /** What people call the file. */
  readonly name: string;
  /** Writes text to standard error. */
  readonly stderr: (text: string) => void;
  /** Opens the file. */
  readonly open: () => Writable;
}

/** The process's own. */
export function recordIo({ stderr, host }: CliIo, path: string, overwrite: boolean): RecordIo {
  const name = path === "-" ? "standard output" : path;
  return { host, name, stderr, open: () => openCapture(path, overwrite) };
}

/**
 * Scans as `run` does and writes every HCI packet to a file.
 *
 * @param durationMs after how long it ends by itself; null: when told to
 * @returns the exit code
 */
export async function record(
  config: Config,
  durationMs: number | null,
  io: RecordIo,
  signal: AbortSignal,
): Promise<number> {
  const { name, stderr } = io;
  const cannotWrite = (error: unknown): number => {
    stderr(`Cannot write ${name}: ${reason(error)}\n`);
    return EXIT.failure;
  };
  let opened: Writable;
  try {
    opened = io.open();
  } catch (error) {
    return cannotWrite(error);
  }
  using file = opened;
  const failed = new AbortController();
  const capture = new CaptureFile(file, () => failed.abort());
  const ending = AbortSignal.any([signal, failed.signal]);
  const { exitCode, problem, missed } = await listenInto(capture, config, durationMs, io, ending);
  if (capture.packets > 0) stderr(`${capture.packets} packets in ${name}${missed > 0 ? `, ${missed} missed` : ""}\n`);
  if (capture.failure !== null) return cannotWrite(capture.failure);
  if (problem !== null) stderr(`${problem}\n`);
  return exitCode;
}

async function listenInto(
  capture: CaptureFile,
  config: Config,
  durationMs: number | null,
  { host, name, stderr }: RecordIo,
  signal: AbortSignal,
): Promise<ListenEnd> {
  const log = createLog({ level: "warning", format: "text", write: stderr, now: () => host.clock.wallMs() });
  const source = recordPackets(hciSource(config, host), host.clock, (packet) => capture.put(packet));
  const listening = new Listening({ config, source, host, log });
  const { vitals } = listening;
  using _ = vitals.onChange(() => {
    if (vitals.scan.kind === "scanning") stderr(`Recording ${vitals.scan.adapter} to ${name}; press Ctrl-C to stop.\n`);
  });
  return await listening.run({ durationMs }, signal);
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.AlreadyExists) return "it already exists; --force overwrites it";
  return error instanceof Error ? error.message : String(error);
}
