import { MessageEncoder } from "../../advertisement/mod.ts";
import { type ScanSink, Selection } from "../../agent/mod.ts";
import { agentOptions, Listening, newRunId } from "../../app/mod.ts";
import type { Config } from "../../config/mod.ts";
import { createLog } from "../../log/mod.ts";
import { escapeInvisible } from "../../text/mod.ts";
import type { ScanIo } from "./mod.ts";

/**
 * Prints, line by line, each message as `run` would publish it: filtered and merged as configured.
 *
 * @param durationMs after how long it ends by itself; null: when told to
 * @returns the exit code
 * @throws what `stdout` throws
 */
export async function printMessages(
  config: Config,
  durationMs: number | null,
  { host, stdout, stderr }: Pick<ScanIo, "host" | "stdout" | "stderr">,
  signal: AbortSignal,
): Promise<number> {
  const log = createLog({ level: "warning", format: "text", write: stderr, now: () => host.clock.wallMs() });
  const failed = new AbortController();
  let messages = 0;
  const print = (message: string) => {
    if (failed.signal.aborted) return;
    try {
      stdout(`${message}\n`);
      messages++;
    } catch (error) {
      failed.abort(error); // not thrown into the scanner
    }
  };
  const ending = AbortSignal.any([signal, failed.signal]);
  const options = { durationMs, advertisement: printer(config, host, print) };
  const { exitCode, problem } = await new Listening({ config, host, log }).run(options, ending);
  failed.signal.throwIfAborted();
  stderr(`${problem ?? `${messages} messages`}\n`);
  return exitCode;
}

/** Prints what passes the filter. */
function printer(
  config: Config,
  { clock, random }: Pick<ScanIo["host"], "clock" | "random">,
  print: (message: string) => void,
): ScanSink["advertisement"] {
  const options = { ...agentOptions(config), runId: newRunId(random) };
  const encoder = new MessageEncoder(options);
  const selection = new Selection(options, clock);
  return (heard) => {
    const selected = selection.select(heard);
    if (typeof selected !== "string") print(escapeInvisible(encoder.encode(selected)));
  };
}
