/**
 * Logs far more than a pipe holds to a stderr that nobody reads yet. With the argument `end`, ends
 * like that; otherwise reports on stdout, waits for a line on stdin, and logs once more.
 */
import { createLog, LineWriter } from "../../src/log/mod.ts";

const lines = new LineWriter(Deno.stderr);
let refused = 0;
const log = createLog({
  level: "info",
  format: "json",
  now: Date.now,
  write(line) {
    const taken = lines.write(line);
    if (!taken) refused++;
    return taken;
  },
});

const logged = 20_000;
const text = "x".repeat(200);
for (let i = 0; i < logged; i++) {
  log.info("report", { i, text });
  if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
}
if (Deno.args[0] === "end") {
  await lines.flush(AbortSignal.timeout(10));
  Deno.exit(3);
}
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify({ logged, refused })));
await Deno.stdin.read(new Uint8Array(64));
await lines.flush(AbortSignal.timeout(60_000));
log.info("last");
await lines.flush(AbortSignal.timeout(60_000));
Deno.exit(0);
