/** `bt-scanner record`: what passes between this machine and the controller, as a btsnoop capture.
 *
 * @module
 */
import type { Config } from "../../config/mod.ts";
import { recordPackets } from "../../hci/mod.ts";
import { createLog } from "../../log/mod.ts";
import type { Clock } from "../../time/mod.ts";
import { hciSource } from "../compose.ts";
import { EXIT } from "../exit_codes.ts";
import { listen, type ListenEnd } from "../listen.ts";
import { CaptureFile, type Writable } from "./capture_file.ts";

export { openCapture } from "./capture_file.ts";

/** What `record` needs of the world. */
export interface RecordIo {
  readonly clock: Clock;
  /** Writes text to standard error. */
  readonly stderr: (text: string) => void;
  /** Opens the file. */
  readonly open: () => Writable;
}

/**
 * Scans as `run` does and writes every HCI packet to a file.
 *
 * @param path what people call the file
 * @param durationMs after how long it ends by itself; null: when it is told to
 * @returns the exit code
 */
export async function record(
  config: Config,
  path: string,
  durationMs: number | null,
  io: RecordIo,
  signal: AbortSignal,
): Promise<number> {
  const { stderr } = io;
  const cannotWrite = (error: unknown): number => {
    stderr(`Cannot write ${path}: ${reason(error)}\n`);
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
  const { exitCode, problem, missed } = await listenInto(capture, config, path, durationMs, io, ending);
  if (capture.packets > 0) stderr(`${capture.packets} packets in ${path}${missed > 0 ? `, ${missed} missed` : ""}\n`);
  if (capture.failure !== null) return cannotWrite(capture.failure);
  if (problem !== null) stderr(`${problem}\n`);
  return exitCode;
}

function listenInto(
  capture: CaptureFile,
  config: Config,
  path: string,
  durationMs: number | null,
  { clock, stderr }: RecordIo,
  signal: AbortSignal,
): Promise<ListenEnd> {
  const log = createLog({ level: "warning", format: "text", write: stderr, now: () => clock.wallMs() });
  const source = recordPackets(hciSource(config, clock), clock, (packet) => capture.put(packet));
  return listen({ config, source, durationMs, clock, log }, {
    event: () => undefined,
    state(state) {
      if (state.kind === "scanning") stderr(`Recording ${state.adapter} to ${path}; Ctrl-C ends it.\n`);
    },
  }, signal);
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.AlreadyExists) return "it is there already; --force overwrites it";
  return error instanceof Error ? error.message : String(error);
}
