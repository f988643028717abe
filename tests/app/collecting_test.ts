import assert from "node:assert/strict";
import { collectSeldom } from "../../src/app/collecting.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

test("garbage is collected after the start and then every 20 s, until it is told to end", async () => {
  const clock = new FakeClock();
  const ended = new AbortController();
  const collectedAtMs: number[] = [];
  const collecting = collectSeldom(() => collectedAtMs.push(clock.monotonicMs()), clock, ended.signal);
  await clock.advance(51_000);
  assert.deepEqual(collectedAtMs, [10_000, 30_000, 50_000]);
  ended.abort();
  await collecting;
  await clock.advance(60_000);
  assert.equal(collectedAtMs.length, 3);
});
