/**
 * The thread of the watchdog.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { writeText } from "./findings.ts";
import { BEGUN, LENGTH, TEXT_AT, type Watched } from "./watchdog.ts";

const LOOK_MS = 1_000;
const PATIENCE_LOOKS = 20;

function watch({ memory }: Watched): void {
  const counts = new Int32Array(memory, 0, 2);
  let [before, looks] = [0, 0];
  setInterval(() => {
    const begun = Atomics.load(counts, BEGUN);
    looks = begun === before ? looks + 1 : 0;
    before = begun;
    if (begun === 0 || looks < PATIENCE_LOOKS) return;
    const text = new TextDecoder().decode(new Uint8Array(memory, TEXT_AT).slice(0, Atomics.load(counts, LENGTH)));
    const target = /^# (.*)/.exec(text)?.[1] ?? "";
    console.log(`FINDING in ${target}: it hangs; in ${writeText(target, text)}`);
    Deno.kill(Deno.pid, "SIGKILL");
  }, LOOK_MS);
}

self.addEventListener("message", (event) => watch((event as MessageEvent<Watched>).data));
