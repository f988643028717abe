import assert from "node:assert/strict";
import { Vitals } from "../../src/agent/mod.ts";
import type { Change, ConfigReading } from "../../src/app/mod.ts";
import { Reloads } from "../../src/app/reloads.ts";
import { type Config, defaultConfig } from "../../src/config/mod.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const BEFORE = defaultConfig("s1");
const PASSIVE: Config = { ...BEFORE, scanner: { ...BEFORE.scanner, mode: "passive" } };

/** Reloads whose readings the test gives one by one; `applying` is called while a configuration is put in force. */
function bench(applying = () => {}) {
  const clock = new FakeClock(undefined, settlePromises);
  const log = new RecordingLog();
  const vitals = new Vitals({ clock, missed: () => 0, log });
  const reads: PromiseWithResolvers<ConfigReading>[] = [];
  const applied: { readonly config: Config; readonly changed: readonly Change[] }[] = [];
  const replaced: string[][] = [];
  const kept: string[] = [];
  const told: string[] = [];
  vitals.onChange((change) => told.push(`${change} ${vitals.isReloading ? "began" : vitals.warning ?? "ended"}`));
  const ending = new AbortController();
  const reloads = new Reloads({
    read() {
      const read = Promise.withResolvers<ConfigReading>();
      reads.push(read);
      return read.promise;
    },
    keep: (record) => void kept.push(record),
    running: {
      get config() {
        return applied.at(-1)?.config ?? BEFORE;
      },
      apply({ config }, changed) {
        applying();
        return Promise.resolve(void applied.push({ config, changed }));
      },
      vitals,
      host: { clock },
      log,
    },
    readers: { replace: (sections) => Promise.resolve(void replaced.push([...sections])) },
  }, ending.signal);
  return { clock, log, vitals, reads, applied, replaced, kept, told, ending, reloads };
}

test("Reloads put in force what was read, and tell when they begin and end", async () => {
  const { reloads, reads, applied, replaced, kept, told, log } = bench();
  reloads.request();
  reads[0]?.resolve({ config: PASSIVE, digest: "d2", record: "passive", warnings: ["filter.allow: doubtful"] });
  await reloads[Symbol.asyncDispose]();
  assert.deepEqual(applied, [{ config: PASSIVE, changed: [{ key: "scanner.mode", effect: "rescan" }] }]);
  assert.deepEqual([replaced, kept], [[["scanner"]], ["passive"]]);
  assert.deepEqual(told, ["reload began", "reload ended"]);
  assert.deepEqual(log.of("configuration doubtful")[0]?.fields, { problem: "filter.allow: doubtful" });
});

test("Reloads keep nothing and replace no reader where the agent is told to end meanwhile", async () => {
  const { reloads, reads, replaced, kept, ending } = bench(() => ending.abort());
  reloads.request();
  reads[0]?.resolve({ config: PASSIVE, digest: "d", record: "passive", warnings: [] });
  await reloads[Symbol.asyncDispose]();
  assert.deepEqual([replaced, kept], [[], []]);
});

test("Reloads refuse a configuration with problems, log each, and warn until one is accepted", async () => {
  const { reloads, reads, applied, vitals, log } = bench();
  reloads.request();
  reads[0]?.resolve({ problems: ["config.yaml:3:5: mqtt.broker.port: expected a number", "another"], warnings: [] });
  await reloads[Symbol.asyncDispose]();
  assert.deepEqual(applied, []);
  assert.equal(log.of("configuration problem").length, 2);
  assert.equal(log.of("configuration refused")[0]?.fields["problems"], 2);
  assert.match(vitals.warning ?? "", /stays in force: config\.yaml:3:5: mqtt.*, and 1 more, see the log$/);
  reloads.request();
  reads[1]?.resolve({ config: BEFORE, digest: "d2", record: "before", warnings: [] });
  await reloads[Symbol.asyncDispose]();
  assert.equal(vitals.warning, null);
});

test("Reloads refuse all of a configuration of which something takes a restart, and name that", async () => {
  const { reloads, reads, applied, kept, log } = bench();
  reloads.request();
  const scanner = { ...PASSIVE.scanner, id: "s2", source: "simulate" } as const;
  reads[0]?.resolve({ config: { ...PASSIVE, scanner }, digest: "d2", record: "other", warnings: [] });
  await reloads[Symbol.asyncDispose]();
  assert.deepEqual([applied, kept], [[], []]);
  assert.deepEqual(log.of("configuration problem").map(({ fields }) => fields["problem"]), [
    "scanner.id: changes only with a restart",
    "scanner.source: changes only with a restart",
  ]);
});

test("Reloads that are asked for during one are one more, after it", async () => {
  const { reloads, reads, applied, told } = bench();
  for (let i = 0; i < 5; i++) reloads.request();
  assert.equal(reads.length, 1);
  reads[0]?.resolve({ config: PASSIVE, digest: "d2", record: "passive", warnings: [] });
  await settlePromises();
  assert.equal(reads.length, 2);
  reads[1]?.resolve({ config: PASSIVE, digest: "d2", record: "passive", warnings: [] });
  await reloads[Symbol.asyncDispose]();
  assert.deepEqual([reads.length, applied.length], [2, 2]);
  assert.deepEqual(told, ["reload began", "reload ended", "reload began", "reload ended"]);
  reloads.request();
  assert.equal(reads.length, 3);
});

test("Reloads refuse a file that cannot be read in time, or at all", async () => {
  const { reloads, reads, clock, vitals } = bench();
  reloads.request();
  await clock.advance(31_000);
  await reloads[Symbol.asyncDispose]();
  assert.match(vitals.warning ?? "", /cannot be read: took longer than 30 s$/);
  reloads.request();
  reads[1]?.reject(new Error("input/output error"));
  await reloads[Symbol.asyncDispose]();
  assert.match(vitals.warning ?? "", /cannot be read: input\/output error$/);
});

test("Reloads begin nothing once the agent is told to end, and do not keep it", async () => {
  const { reloads, reads, applied, ending } = bench();
  reloads.request();
  reloads.request();
  ending.abort();
  await reloads[Symbol.asyncDispose]();
  reads[0]?.resolve({ config: PASSIVE, digest: "d2", record: "passive", warnings: [] });
  reloads.request();
  await reloads[Symbol.asyncDispose]();
  assert.deepEqual([reads.length, applied], [1, []]);
});
