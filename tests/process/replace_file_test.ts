import assert from "node:assert/strict";
import { replaceFile } from "../../src/main.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";

test("a file is replaced as a whole, for everybody to read, and nothing is left beside it", async () => {
  await using folder = await TemporaryFolder.make();
  const path = `${folder.path}/bt.prom`;
  await replaceFile(path, "one");
  using reading = await Deno.open(path);
  await replaceFile(path, "two");
  assert.equal(await new Response(reading.readable).text(), "one");
  assert.equal(await Deno.readTextFile(path), "two");
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o644);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name), ["bt.prom"]);
});

test("a link that somebody has planted where a file is written first leads nowhere", async () => {
  await using folder = await TemporaryFolder.make();
  const path = `${folder.path}/bt.prom`, victim = `${folder.path}/victim`;
  await Deno.writeTextFile(victim, "untouched");
  await Deno.symlink(victim, `${path}.${Deno.pid}`);
  await replaceFile(path, "metrics");
  assert.deepEqual([await Deno.readTextFile(victim), await Deno.readTextFile(path)], ["untouched", "metrics"]);
});
