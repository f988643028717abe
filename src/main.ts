/**
 * bt-scanner: from Bluetooth LE advertisements to MQTT messages.
 *
 * Here the program meets the process: arguments, environment, signals, exit code.
 *
 * @module
 */
import { runCli } from "./cli/mod.ts";

/** A supervisor that sent SIGTERM waits 3 s; whatever still hangs then is not worth more. */
const LONGEST_END_MS = 2_900;

function endOnSignals(): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) Deno.exit(1);
    controller.abort(new DOMException("told to end", "AbortError"));
    Deno.unrefTimer(setTimeout(() => Deno.exit(1), LONGEST_END_MS));
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  return controller.signal;
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  Deno.exit(
    await runCli(Deno.args, {
      env: Deno.env.toObject(),
      stdout: (text) => void Deno.stdout.writeSync(encoder.encode(text)),
      stderr: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
    }, endOnSignals()),
  );
}
