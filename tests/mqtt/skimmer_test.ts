import assert from "node:assert/strict";
import fc from "fast-check";
import { Skimmer } from "../../src/mqtt/skimmer.ts";
import { test } from "../support/test.ts";

const MOST_BYTES = 1_000;

/** What passes of bytes that arrive in these pieces, and what is left out. */
async function skimmed(pieces: readonly Uint8Array[]) {
  const leftOut: [topic: string, bytes: number][] = [];
  const skimmer = new Skimmer(MOST_BYTES, (topic, bytes) => leftOut.push([topic, bytes]));
  const passed: number[] = [];
  skimmer.on("data", (bytes) => passed.push(...bytes));
  for (const piece of pieces) skimmer.write(piece);
  skimmer.end();
  await new Promise((resolve) => skimmer.once("end", resolve));
  return { passed, leftOut };
}

/** A packet, with the length that its body has. @see MQTT 3.1.1, 2.2.3 */
function packet(first: number, body: readonly number[]): number[] {
  const length: number[] = [];
  let left = body.length;
  do {
    length.push(left % 128 + (left >= 128 ? 128 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return [first, ...length, ...body];
}

function publish(topic: string, payloadBytes: number): number[] {
  const bytes = new TextEncoder().encode(topic);
  return packet(0x31, [bytes.length >> 8, bytes.length & 0xff, ...bytes, ...Array(payloadBytes).fill(0x78)]);
}

test("Skimmer leaves out messages that are too long, and nothing else, however the bytes arrive", async () => {
  const packets = fc.array(
    fc.oneof(
      fc.record({ topic: fc.string({ maxLength: 30 }), bytes: fc.nat(MOST_BYTES - 200) })
        .map(({ topic, bytes }) => ({ bytes: publish(topic, bytes), leftOut: null })),
      fc.record({ topic: fc.string({ maxLength: 30 }), bytes: fc.integer({ min: MOST_BYTES, max: 3_000 }) })
        .map(({ topic, bytes }) => ({ bytes: publish(topic, bytes), leftOut: topic })),
      fc.record({ first: fc.constantFrom(0x20, 0x40, 0x90, 0xd0), body: fc.array(fc.nat(255), { maxLength: 2_000 }) })
        .map(({ first, body }) => ({ bytes: packet(first, body), leftOut: null })),
    ),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(packets, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), async (sent, sizes) => {
      const bytes = Uint8Array.from(sent.flatMap((each) => each.bytes));
      const pieces: Uint8Array[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      const { passed, leftOut } = await skimmed(pieces);
      assert.deepEqual(passed, sent.filter((each) => each.leftOut === null).flatMap((each) => each.bytes));
      assert.deepEqual(leftOut.map(([topic]) => topic), sent.flatMap((each) => each.leftOut ?? []));
    }),
    { numRuns: 50 },
  );
});

test("Skimmer lets any bytes pass or leaves them out, and never fails", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })), async (pieces) => {
    const { passed } = await skimmed(pieces);
    assert.ok(passed.length <= pieces.flatMap((piece) => [...piece]).length);
  }));
});

test("Skimmer lets a length pass that is none, for who parses it to complain of", async () => {
  const { passed } = await skimmed([Uint8Array.of(0x31, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 2)]);
  assert.deepEqual(passed, [0x31, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 2]);
});

test("Skimmer holds no more of a long message than its topic", async () => {
  const { passed, leftOut } = await skimmed([
    Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61), // 256 MiB
    new Uint8Array(1 << 20),
  ]);
  assert.deepEqual([passed, leftOut], [[], [["a", 0xfff_ffff]]]);
  const short = await skimmed([
    Uint8Array.of(0x30, 0xe9, 0x07, 0xff, 0xff),
    new Uint8Array(999),
    Uint8Array.of(0xd0, 0),
  ]);
  assert.deepEqual(short.passed, [0xd0, 0]); // its topic claims to be longer than the packet
});
