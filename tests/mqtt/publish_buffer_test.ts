import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { PublishBuffer } from "../../src/mqtt/publish_buffer.ts";
import { decodePublishes } from "../support/mqtt_packets.ts";
import { test } from "../support/test.ts";

const ONCE = { id: null, retain: false };

const text = (maxLength: number) => fc.string({ unit: "grapheme", maxLength });
const message = fc.record({
  topic: fc.oneof(text(30), fc.constant("ble/raw/scanner-01/AA:BB:CC:DD:EE:FF")),
  payload: fc.oneof(text(200), fc.integer({ min: 0, max: 40_000 }).map((length) => "x".repeat(length))),
  id: fc.option(fc.integer({ min: 1, max: 65_535 })),
  retain: fc.boolean(),
});

test("PublishBuffer writes packets that an independent decoder reads back, whenever they are taken", () => {
  fc.assert(fc.property(fc.array(fc.array(message, { maxLength: 5 }), { maxLength: 10 }), (turns) => {
    const buffer = new PublishBuffer();
    const taken = turns.map((turn) => {
      for (const { topic, payload, ...flags } of turn) buffer.append(topic, payload, flags);
      return buffer.take();
    });
    const read = taken.map((bytes) => decodePublishes(bytes));
    deepEqual(read, turns.map((turn) => turn.map((sent) => ({ ...sent, qos: sent.id === null ? 0 : 1 }))));
  }));
});

test("PublishBuffer writes the remaining length with as few bytes as it takes", () => {
  // Of topic `t` (3 bytes with its length) and a payload that brings the remaining length to this.
  const cases: readonly (readonly [remaining: number, header: readonly number[]])[] = [
    [3, [0x30, 0x03]],
    [127, [0x30, 0x7f]],
    [128, [0x30, 0x80, 0x01]],
    [16_383, [0x30, 0xff, 0x7f]],
    [16_384, [0x30, 0x80, 0x80, 0x01]],
    [2_097_151, [0x30, 0xff, 0xff, 0x7f]],
    [2_097_152, [0x30, 0x80, 0x80, 0x80, 0x01]],
  ];
  for (const [remaining, header] of cases) {
    const buffer = new PublishBuffer();
    buffer.append("t", "x".repeat(remaining - 3), ONCE);
    const packet = buffer.take();
    deepEqual([...packet.slice(0, header.length + 3)], [...header, 0x00, 0x01, 0x74]);
    equal(packet.length, header.length + remaining);
  }
});

test("PublishBuffer puts the packet identifier of QoS 1 between topic and payload", () => {
  const buffer = new PublishBuffer();
  buffer.append("t", "pay", { id: 0x1234, retain: true });
  deepEqual([...buffer.take()], [0x33, 8, 0x00, 0x01, 0x74, 0x12, 0x34, 0x70, 0x61, 0x79]);
});

test("PublishBuffer counts the bytes that wait", () => {
  const buffer = new PublishBuffer();
  equal(buffer.byteLength, 0);
  buffer.append("t", "é", ONCE);
  equal(buffer.byteLength, 2 + 3 + 2);
  equal(buffer.take().length, 7);
  equal(buffer.byteLength, 0);
  equal(buffer.take().length, 0);
});

test("PublishBuffer leaves alone what was taken", () => {
  const buffer = new PublishBuffer();
  buffer.append("t", "first", ONCE);
  const first = buffer.take();
  const before = [...first];
  for (let index = 0; index < 20_000; index++) buffer.append("t", "another message", ONCE);
  buffer.take();
  deepEqual([...first], before);
});
