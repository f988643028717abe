/**
 * What a log costs where it writes nothing, and where it does.
 *
 * Run with `deno bench -A tests/bench/log_bench.ts`.
 */
import { createLog } from "../../src/log/mod.ts";

let sink = 0;
const write = (line: string) => void (sink += line.length);
const quiet = createLog({ level: "info", format: "text", write, now: Date.now });
const text = createLog({ level: "debug", format: "text", write, now: Date.now });
const json = createLog({ level: "debug", format: "json", write, now: Date.now });
const topic = "ble/raw/scanner-01/AA:BB:CC:DD:EE:FF";

Deno.bench("nothing", { group: "disabled", baseline: true }, () => {
  sink++;
});
Deno.bench("enabled()", { group: "disabled" }, () => {
  if (quiet.enabled("debug")) sink++;
});
Deno.bench("debug() with fields", { group: "disabled" }, () => {
  quiet.debug("published", { topic, bytes: sink });
});

Deno.bench("debug(), text", { group: "enabled" }, () => {
  text.debug("published", { topic, bytes: 230 });
});
Deno.bench("debug(), json", { group: "enabled" }, () => {
  json.debug("published", { topic, bytes: 230 });
});
