import assert from "node:assert/strict";
import { statfs } from "node:fs/promises";
import { kernelFacts } from "../../../src/hci/mod.ts";
import { test } from "../../support/test.ts";

test("kernelFacts() tell the room of a file system as Node.js does, and whether it can be written", async () => {
  const { fileSystem } = kernelFacts();
  const facts = fileSystem("/tmp");
  const { bavail, bsize } = await statfs("/tmp");
  assert.equal(facts?.isReadOnly, false);
  // Others write meanwhile.
  assert.ok(Math.abs((facts?.freeBytes ?? 0) - bavail * bsize) < 1e9, `${facts?.freeBytes}, ${bavail * bsize}`);
  assert.equal(fileSystem("/no/such/path"), null);
});

test("kernelFacts() know whether the clock is kept right, or that they may not ask", () => {
  assert.ok([true, false, null].includes(kernelFacts().isClockSynchronized()));
  assert.deepEqual([kernelFacts([]).isClockSynchronized(), kernelFacts([]).fileSystem("/")], [null, null]);
});
