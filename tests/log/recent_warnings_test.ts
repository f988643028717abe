import assert from "node:assert/strict";
import { createLog, RecentWarnings } from "../../src/log/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

function logWithWarnings() {
  const clock = new FakeClock();
  const warnings = new RecentWarnings(clock);
  const log = createLog({ level: "info", format: "json", warnings, write: () => {}, now: clock.wallMs.bind(clock) });
  return { clock, warnings, log };
}

test("RecentWarnings has the log's warnings and errors while somebody wants them, and nothing before and after", async () => {
  const { clock, warnings, log } = logWithWarnings();
  log.error("too early");
  {
    using _ = warnings.keep();
    using _other = warnings.keep();
    log.info("no warning");
    log.warn("broker lost", { host: "b", reason: "it ended" });
    await clock.advance(5);
    log.error("no permission");
    const kept = [
      { number: 1, atMs: 0, level: "warning", event: "broker lost", fields: 'host=b reason="it ended"' },
      { number: 2, atMs: 5, level: "error", event: "no permission", fields: "" },
    ];
    assert.deepEqual(warnings.since(-Infinity), kept);
    assert.deepEqual(warnings.since(5), kept.slice(1));
  }
  assert.deepEqual(warnings.since(-Infinity), []);
});

test("RecentWarnings keeps no more than 50, none longer than a thousand characters, nothing invisible", () => {
  const { warnings, log } = logWithWarnings();
  using _ = warnings.keep();
  for (let count = 0; count < 200; count++) {
    log.warn("again\u202e", { text: "x".repeat(10_000), count, more: "y".repeat(2_000) });
  }
  const kept = warnings.since(-Infinity);
  assert.equal(kept.length, 50);
  assert.deepEqual([kept[0]?.number, kept.at(-1)?.number], [151, 200]);
  assert.equal(kept[0]?.event, "again\\u202e");
  assert.equal(Math.max(...kept.map(({ fields }) => fields.length)), 1_001);
});
