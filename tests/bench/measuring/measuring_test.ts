import assert from "node:assert/strict";
import { test } from "../../support/test.ts";
import { compare } from "../compare.ts";
import { thin } from "../plot.ts";
import { describe, readArrivals } from "./latency.ts";
import { holdTo, quantile } from "./result.ts";
import { countCalls } from "./wake_ups.ts";

const STRACE = `strace: Process 4711 attached with 2 threads
strace: Process 4711 detached
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.20    0.006432          13       485           epoll_wait
 38.80    0.004078          12       332         1 epoll_pwait
------ ----------- ----------- --------- --------- ----------------
100.00    0.010510          12       817         1 total
`;

test("countCalls() adds up what strace counted, with or without errors, and not the total", () => {
  assert.equal(countCalls(STRACE), 485 + 332);
  assert.equal(countCalls("strace: Process 4711 attached\n"), 0);
});

test("quantile() is the value that a share does not exceed", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)], [50, 99, 100]);
});

test("readArrivals() knows when a message arrived, was read and was due", () => {
  const message = JSON.stringify({ timestamp: "2026-01-11T10:30:45.123Z", manufacturer_data: { "4c00": "010200" } });
  assert.deepEqual(readArrivals(`1768127445.124500000 ${message}\n`, 1_000), [{
    atMs: 1768127445124.5,
    readMs: Date.UTC(2026, 0, 11, 10, 30, 45, 123),
    dueMs: 0x0201,
  }]);
});

test("describe() finds a pause in what is behind the recording, and the latency while collecting in its own figure", () => {
  // One message each 100 ms, all on time but one at 10 s that takes 50 ms to be read, and 5 ms from there.
  const arrivals = Array.from({ length: 200 }, (_, index) => {
    const dueMs = 100 * index;
    const [readMs, atMs] = dueMs === 10_000 ? [dueMs + 50, dueMs + 55] : [dueMs, dueMs + 1];
    return { dueMs, readMs, atMs };
  });
  const value = (name: string) => describe("x", arrivals, 0).find((figure) => figure.name === `x: ${name}`)?.value;
  assert.equal(value("read to subscriber, p50"), 1);
  assert.equal(value("read to subscriber, p99"), 1);
  assert.equal(value("read to subscriber, p99 while collecting"), 5);
  assert.equal(value("behind the recording, most"), 54);
});

test("holdTo() names what is beyond the limit, and fails where nothing is held to it", () => {
  const figures = [{ name: "a: ratio", value: 0.4, unit: "" }, { name: "b: ratio", value: 0.6, unit: "" }];
  holdTo(figures, "ratio", "at least", null);
  holdTo(figures, "ratio", "at least", 0.4);
  holdTo(figures, "ratio", "at most", 0.6);
  assert.throws(() => holdTo(figures, "ratio", "at least", 0.5), /at least 0.5: a: ratio 0.400$/);
  assert.throws(() => holdTo(figures, "ratio", "at most", 0.5), /at most 0.5: b: ratio 0.600$/);
  assert.throws(() => holdTo([{ name: "ratio", value: NaN, unit: "" }], "ratio", "at most", 1), /NaN/);
  assert.throws(() => holdTo(figures, "speed", "at most", 1), /Nothing was measured/);
});

test("compare() puts figures of the same name side by side, and misses none that only one result has", () => {
  const before = [{ name: "a", value: 2, unit: "MB" }, { name: "b", value: 1, unit: "" }];
  const after = [{ name: "a", value: 3, unit: "MB" }, { name: "c", value: 1, unit: "ms" }];
  assert.deepEqual(compare(before, after), [
    ["a", "2.00 MB", "3.00 MB", "1.50"],
    ["b", "1.00", "–", "–"],
    ["c", "–", "1.00 ms", "–"],
  ]);
});

test("thin() keeps the highest of each stretch, and few points as they are", () => {
  assert.deepEqual(thin([[0, 1], [1, 5], [2, 3], [3, 2], [4, 4]], 3), [[1, 5], [2, 3], [4, 4]]);
  assert.deepEqual(thin([[0, 1], [1, 5]], 3), [[0, 1], [1, 5]]);
  assert.deepEqual(thin([], 3), []);
});
