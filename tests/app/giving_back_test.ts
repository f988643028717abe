import assert from "node:assert/strict";
import { giveBackSeldom } from "../../src/app/giving_back.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

test("memory is given back after the start and then every 20 s, pages of the program once, until it is told to end", async () => {
  const clock = new FakeClock();
  const ended = new AbortController();
  const givenAtMs: number[] = [];
  const droppedAtMs: number[] = [];
  const giver = {
    collect: () => givenAtMs.push(clock.monotonicMs()),
    dropProgramPages: () => droppedAtMs.push(clock.monotonicMs()),
  };
  const giving = giveBackSeldom(giver, clock, ended.signal);
  await clock.advance(51_000);
  assert.deepEqual(givenAtMs, [10_000, 30_000, 50_000]);
  ended.abort();
  await giving;
  await clock.advance(60_000);
  assert.equal(givenAtMs.length, 3);
  assert.deepEqual(droppedAtMs, [10_000]);
});
