import { encodeMessage, ReportReader, ScanResponseMerger } from "../../advertisement/mod.ts";
import { Filter, type ScanSink } from "../../agent/mod.ts";
import type { Config } from "../../config/mod.ts";
import { createLog } from "../../log/mod.ts";
import { escapeInvisible } from "../../text/mod.ts";
import type { Clock } from "../../time/mod.ts";
import { agentOptions } from "../compose.ts";
import { listen } from "../listen.ts";
import type { ScanIo } from "./mod.ts";

/**
 * Prints, line by line, each message as `run` would publish it: what the configuration filters is left
 * out, what it merges is merged.
 *
 * @param durationMs after how long it ends by itself; null: when it is told to
 * @returns the exit code
 * @throws what `stdout` throws
 */
export async function printMessages(
  config: Config,
  durationMs: number | null,
  { clock, stdout, stderr }: Pick<ScanIo, "clock" | "stdout" | "stderr">,
  signal: AbortSignal,
): Promise<number> {
  const log = createLog({ level: "warning", format: "text", write: stderr, now: () => clock.wallMs() });
  const failed = new AbortController();
  let messages = 0;
  const print = (message: string) => {
    if (failed.signal.aborted) return;
    try {
      stdout(`${message}\n`);
      messages++;
    } catch (error) {
      failed.abort(error); // not thrown into whoever hears
    }
  };
  const ending = AbortSignal.any([signal, failed.signal]);
  const { exitCode, problem } = await listen(
    { config, durationMs, clock, log },
    messageSink(config, clock, print),
    ending,
  );
  failed.signal.throwIfAborted();
  stderr(`${problem ?? `${messages} messages`}\n`);
  return exitCode;
}

function messageSink(config: Config, clock: Clock, print: (message: string) => void): ScanSink {
  const options = agentOptions(config);
  const filter = new Filter(options.filter, clock);
  const merger = options.mergeScanResponse ? new ScanResponseMerger({ clock }) : null;
  const reader = new ReportReader({
    clock,
    sink: {
      advertisement(heard) {
        const advertisement = merger?.merge(heard) ?? heard;
        if (filter.accepts(advertisement)) print(escapeInvisible(encodeMessage(advertisement, options)));
      },
      invalid: () => {},
    },
  });
  return {
    event: (packet) => void reader.read(packet),
    state(state) {
      if (state.kind === "stopped") reader.end();
    },
  };
}
