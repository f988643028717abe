import assert from "node:assert/strict";
import { Textfile } from "../../src/metrics/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

function textfile(replaceFile: (path: string, text: string) => Promise<void>) {
  const clock = new FakeClock(), log = new RecordingLog();
  const removed: string[] = [];
  let written = 0;
  const removeFile = (path: string) => Promise.resolve(void removed.push(path));
  const parts = { content: () => `written ${++written}\n`, replaceFile, removeFile, clock, log };
  return { clock, log, removed, file: new Textfile({ path: "/m/bt.prom", intervalMs: 15_000 }, parts) };
}

test("Textfile writes what is true at intervals, and removes it at the end", async () => {
  const written: string[] = [];
  const { clock, log, removed, file } = textfile((path, text) => Promise.resolve(void written.push(`${path} ${text}`)));
  const running = file.start();
  await clock.advance(44_000);
  assert.deepEqual(written, ["/m/bt.prom written 1\n", "/m/bt.prom written 2\n", "/m/bt.prom written 3\n"]);
  assert.deepEqual(removed, []);
  await running[Symbol.asyncDispose]();
  assert.deepEqual(removed, ["/m/bt.prom"]);
  assert.deepEqual(log.records, []);
});

test("Textfile says once why it cannot write, goes on, and says when it can again", async () => {
  let isFull = true;
  const { clock, log, file } = textfile(() => isFull ? Promise.reject(new Error("disk full")) : Promise.resolve());
  await using _ = file.start();
  await clock.advance(60_000);
  assert.deepEqual(log.records.map(({ level, event, fields }) => [level, event, fields["reason"]]), [
    ["error", "cannot write metrics file", "disk full"],
  ]);
  isFull = false;
  await clock.advance(15_000);
  assert.deepEqual(log.of("metrics file written again").length, 1);
});

test("Textfile never has more than one file on its way, however slow the disk", async () => {
  let writing = 0, most = 0;
  const slow = Promise.withResolvers<void>();
  const { clock, file } = textfile(async () => {
    most = Math.max(most, ++writing);
    await slow.promise;
    writing--;
  });
  const running = file.start();
  await clock.advance(600_000);
  assert.equal(most, 1);
  slow.resolve();
  await running[Symbol.asyncDispose]();
});
