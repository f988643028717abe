/**
 * Hostile bytes for the report reader. `FUZZ_RUNS` sets how many, `FUZZ_SEED` repeats a run; the
 * seed is in the name of each step. What once went wrong goes into `corpus/`, a file of packets in
 * hexadecimal each, with what is expected of them.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { MessageEncoder, ReportReader, ScanResponseMerger } from "../../src/advertisement/mod.ts";
import { messageSchema } from "../../src/advertisement/message_schema.ts";
import { extendedReportsPacket, legacyReportsPacket } from "../../src/hci/mod.ts";
import { extendedReport, Heard, legacyReport } from "../advertisement/support.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

const CORPUS = new URL("./corpus/", import.meta.url);
const seed = Number(Deno.env.get("FUZZ_SEED") ?? Date.now() % 2 ** 31);
const numRuns = Number(Deno.env.get("FUZZ_RUNS") ?? 2_000);

/** Runs a property as a step that is named by its seed. */
async function fuzz<T>(t: Deno.TestContext, packets: fc.Arbitrary<T>, check: (value: T) => void): Promise<void> {
  await t.step(`FUZZ_SEED=${seed} FUZZ_RUNS=${numRuns}`, () => {
    fc.assert(fc.property(packets, check), { seed, numRuns });
  });
}

const LE_META = [0x04, 0x3e];
const anyPacket = fc.uint8Array({ maxLength: 300 });
const anyMetaEvent = fc.tuple(fc.constantFrom(0x02, 0x0d), fc.nat(3), fc.uint8Array({ maxLength: 252 })).map(
  ([subevent, reports, rest]) => Uint8Array.of(...LE_META, rest.length + 2, subevent, reports, ...rest),
);
const validEvent = fc.oneof(
  fc.array(legacyReport, { minLength: 1, maxLength: 6 }).map((reports) => legacyReportsPacket(...reports)),
  fc.array(
    fc.tuple(extendedReport, fc.nat(3)).map(([report, status]) => ({
      ...report,
      eventType: report.eventType | status << 5,
    })),
    { minLength: 1, maxLength: 3 },
  ).map((reports) => extendedReportsPacket(...reports)),
);

/** Replaces, cuts out or puts in a few bytes; the event's length is put right, or not. */
const mutation = fc.record({
  at: fc.nat(),
  remove: fc.nat(4),
  insert: fc.uint8Array({ maxLength: 4 }),
});
const mutatedEvent = fc.tuple(validEvent, fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean()).map(
  ([packet, mutations, rightLength]) => {
    const bytes = [...packet];
    for (const { at, remove, insert } of mutations) bytes.splice(at % (bytes.length + 1), remove, ...insert);
    if (rightLength && bytes.length > 2) bytes[2] = bytes.length - 3 & 0xff;
    return Uint8Array.from(bytes);
  },
);

/** Reads one packet; every report in it, and nothing else, has to be accounted for. */
function checkPacket(packet: Uint8Array): void {
  const heard = new Heard();
  const reader = new ReportReader({ clock: new FakeClock(), sink: heard });
  reader.read(packet);
  const accounted = heard.advertisements.length + heard.reasons.length + reader.pendingFragments;
  const [type, event, , subevent, reports = 0] = packet;
  const isMeta = type === 0x04 && event === 0x3e;
  if (!isMeta || (subevent !== undefined && subevent !== 0x02 && subevent !== 0x0d)) {
    assert.equal(accounted, 0);
  } else {
    assert.ok(accounted >= 1, "something is not accounted for");
    assert.ok(accounted <= Math.max(reports, 1) + 1, "something is accounted for twice");
  }
  reader.end();
  assert.equal(reader.pendingFragments, 0);
  checkMessages(heard);
}

function checkMessages({ advertisements }: Heard): void {
  const encoder = new MessageEncoder({ scannerId: "fuzz", fields: "full", runId: "r1" });
  const merger = new ScanResponseMerger({ clock: new FakeClock() });
  for (const heard of advertisements) {
    const text = encoder.encode(merger.merge(heard));
    const message = JSON.parse(text);
    assert.deepEqual(messageSchema.parse(message), message);
    assert.equal(message.raw, heard.data.toHex());
  }
}

test("ReportReader accounts for any bytes", (t) => fuzz(t, anyPacket, checkPacket));
test("ReportReader accounts for any bytes where reports should be", (t) => fuzz(t, anyMetaEvent, checkPacket));
test("ReportReader accounts for events that were valid before they were changed", (t) => {
  return fuzz(t, mutatedEvent, checkPacket);
});

test("ReportReader accounts for any sequence of events, as time goes by", async (t) => {
  const step = fc.tuple(fc.oneof(validEvent, mutatedEvent, anyMetaEvent), fc.nat(400));
  await fuzz(t, fc.array(step, { maxLength: 20 }), (steps) => {
    const clock = { nowMs: 0, wallMs: () => clock.nowMs, monotonicMs: () => clock.nowMs };
    const heard = new Heard();
    const reader = new ReportReader({ clock, sink: heard, maxPendingFragments: 4 });
    for (const [packet, waitMs] of steps) {
      clock.nowMs += waitMs;
      const before = heard.advertisements.length + heard.reasons.length;
      const pending = reader.pendingFragments;
      reader.read(packet);
      const ended = heard.advertisements.length + heard.reasons.length - before;
      assert.ok(reader.pendingFragments <= 4);
      assert.ok(ended + reader.pendingFragments - pending >= 0, "a chain ended without being counted");
    }
    checkMessages(heard);
  });
});

const files = [...Deno.readDirSync(CORPUS)].filter(({ isFile }) => isFile);
for (const { name } of files.sort((a, b) => a.name < b.name ? -1 : 1)) {
  test(`ReportReader reads fuzz/corpus/${name} as expected`, () => {
    const lines = Deno.readTextFileSync(new URL(name, CORPUS)).trim().split("\n");
    const packets = lines.filter((line) => !line.startsWith("#")).map((line) => Uint8Array.fromHex(line));
    const heard = new Heard();
    const reader = new ReportReader({ clock: new FakeClock(), sink: heard });
    for (const packet of packets) {
      checkPacket(packet);
      reader.read(packet);
    }
    reader.end();
    const malformed = heard.advertisements.reduce((sum, { malformedStructures }) => sum + malformedStructures, 0);
    const summary = `# expect: ${heard.advertisements.length} advertisements, ${malformed} malformed structures, ` +
      `invalid: ${heard.reasons.join(", ") || "none"}`;
    assert.equal(summary, lines.find((line) => line.startsWith("# expect:")));
    checkMessages(heard);
  });
}
