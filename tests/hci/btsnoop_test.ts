import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BtsnoopDecoder,
  BtsnoopError,
  type BtsnoopRecord,
  encodeBtsnoopHeader,
  encodeBtsnoopRecord,
  readBtsnoop,
} from "../../src/hci/mod.ts";
import { test } from "../support/test.ts";

// All bytes here are written by hand from the description of the format, but for those of the encoder.
const MAGIC = [0x62, 0x74, 0x73, 0x6e, 0x6f, 0x6f, 0x70, 0];
const NEW_YEAR_2000 = [0x00, 0xe0, 0x3a, 0xb4, 0x4a, 0x67, 0x60, 0x00];

function header(dataLink: number, version = 1): number[] {
  return [...MAGIC, ...u32(version), ...u32(dataLink)];
}

function record(
  data: readonly number[],
  { flags = 0, original = data.length, included = data.length, time = NEW_YEAR_2000 } = {},
): number[] {
  return [...u32(original), ...u32(included), ...u32(flags), ...u32(0), ...time, ...data];
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function read(bytes: readonly number[]): Array<Omit<BtsnoopRecord, "packet"> & { readonly packet: number[] }> {
  return [...readBtsnoop(Uint8Array.from(bytes), "test.btsnoop")].map((r) => ({ ...r, packet: [...r.packet] }));
}

function failure(bytes: readonly number[]): BtsnoopError {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof BtsnoopError) return error;
    throw error;
  }
  assert.fail("it was read");
}

test("readBtsnoop() reads H4 packets (1002) as they are, with direction and time", () => {
  const file = [...header(1002), ...record([1, 3, 0x0c, 0], { flags: 2 }), ...record([4, 0x0e, 0], { flags: 3 })];
  assert.deepEqual(read(file), [
    { packet: [1, 3, 0x0c, 0], received: false, timestampMs: 946_684_800_000, truncated: false },
    { packet: [4, 0x0e, 0], received: true, timestampMs: 946_684_800_000, truncated: false },
  ]);
});

test("readBtsnoop() takes the packet type of unencapsulated HCI (1001) from the flags", () => {
  const file = [
    ...header(1001),
    ...record([3, 0x0c, 0], { flags: 0b10 }),
    ...record([0x0e, 0], { flags: 0b11 }),
    ...record([0x40, 0], { flags: 0b00 }),
    ...record([0x40, 0], { flags: 0b01 }),
  ];
  assert.deepEqual(read(file).map(({ packet, received }) => [received, ...packet]), [
    [false, 1, 3, 0x0c, 0],
    [true, 4, 0x0e, 0],
    [false, 2, 0x40, 0],
    [true, 2, 0x40, 0],
  ]);
});

test("readBtsnoop() takes the packet type of the Linux monitor (2001) from its opcode and passes over what is no packet", () => {
  const adapter1 = 1 << 16;
  const file = [
    ...header(2001),
    ...record([0, 1, 2, 3], { flags: adapter1 | 0 }), // new index
    ...record([3, 0x0c, 0], { flags: adapter1 | 2 }),
    ...record([0x0e, 0], { flags: adapter1 | 3 }),
    ...record([9], { flags: 4 }),
    ...record([9], { flags: 5 }),
    ...record([9], { flags: 6 }),
    ...record([9], { flags: 7 }),
    ...record([9], { flags: 18 }),
    ...record([9], { flags: 19 }),
    ...record([0x61], { flags: 0xffff_0000 | 13 }), // a line of a log
  ];
  assert.deepEqual(read(file).map(({ packet, received }) => [received, ...packet]), [
    [false, 1, 3, 0x0c, 0],
    [true, 4, 0x0e, 0],
    [false, 2, 9],
    [true, 2, 9],
    [false, 3, 9],
    [true, 3, 9],
    [false, 5, 9],
    [true, 5, 9],
  ]);
});

test("readBtsnoop() gives a packet of which the capture has only the beginning, and says so", () => {
  const [cut] = read([...header(1002), ...record([4, 0x3e, 30, 2], { original: 33, flags: 3 })]);
  assert.deepEqual([cut?.truncated, cut?.packet], [true, [4, 0x3e, 30, 2]]);
});

test("readBtsnoop() finds no records in a capture of none", () => {
  assert.deepEqual(read(header(1002)), []);
});

test("readBtsnoop() says at which byte a capture is cut off, after giving what is before", () => {
  const file = [...header(1002), ...record([1, 3, 0x0c, 0]), ...record([4, 0x0e, 4, 1, 3, 0x0c, 0])];
  for (
    const [length, pattern] of [
      [file.length - 3, /^test\.btsnoop .*expected 7 bytes of packet, found 4/],
      [file.length - 7, /expected 7 bytes of packet, found 0/],
      [file.length - 8, /expected 24 bytes of record header, found 23/],
      [45, /expected 24 bytes of record header, found 1/],
      [15, /ends within its header/],
      [0, /ends within its header/],
    ] as const
  ) {
    const error = failure(file.slice(0, length));
    assert.match(error.message, pattern);
    assert.equal(error.offset, length);
  }
  const records = readBtsnoop(Uint8Array.from(file.slice(0, -1)), "cut");
  assert.deepEqual(records.next().value?.packet.length, 4);
  assert.throws(() => records.next(), BtsnoopError);
});

test("readBtsnoop() says what a file of another format is, and what to do", () => {
  const rest = new Array(40).fill(0);
  for (
    const [start, pattern] of [
      [[0xd4, 0xc3, 0xb2, 0xa1], /is a pcap file; convert it with `tshark/],
      [[0xa1, 0xb2, 0x3c, 0x4d], /is a pcap file/],
      [[0x0a, 0x0d, 0x0d, 0x0a], /is a pcapng file/],
      [[0x1f, 0x8b], /gunzip/],
      [[0x50, 0x4b, 3, 4], /bug report/],
      [[0x62, 0x74, 0x73, 0x6e, 0x6f, 0x6f, 0x70, 1], /is no btsnoop capture; expected "btsnoop"/],
    ] as const
  ) {
    for (const file of [[...start, ...rest], [...start]]) {
      const error = failure(file);
      assert.match(error.message, pattern);
      assert.equal(error.offset, 0);
    }
  }
});

test("readBtsnoop() refuses other versions, data links and lengths that no packet has", () => {
  for (
    const [file, offset, pattern] of [
      [header(1002, 2), 8, /version 2; expected version 1/],
      [header(1004), 12, /data link 1004; expected 1001/],
      [[...header(1002), ...record([], { included: 65_541 })], 20, /65541 bytes; expected at most 65540/],
      [[...header(1002), ...record([], { included: 0xffff_ffff })], 20, /4294967295 bytes/],
    ] as const
  ) {
    const error = failure(file);
    assert.match(error.message, pattern);
    assert.equal(error.offset, offset);
  }
});

test("readBtsnoop() throws nothing but BtsnoopError, whatever the bytes", () => {
  const link = fc.constantFrom(1001, 1002, 2001, 7);
  const likely = fc.tuple(link, fc.uint8Array({ maxLength: 200 })).map(([l, tail]) => [...header(l), ...tail]);
  const records = fc.tuple(link, fc.array(fc.uint8Array({ maxLength: 20 })), fc.nat(60)).map(([l, data, cut]) => {
    const file = [...header(l), ...data.flatMap((d) => record([...d], { flags: d[0] ?? 0, original: d[1] ?? 0 }))];
    return file.slice(0, file.length - cut);
  });
  const anything = fc.uint8Array({ maxLength: 100 }).map((bytes) => [...bytes]);
  fc.assert(fc.property(fc.oneof(likely, records, anything), (bytes) => {
    try {
      read(bytes);
    } catch (error) {
      assert.ok(error instanceof BtsnoopError, String(error));
      assert.ok(error.offset >= 0 && error.offset <= bytes.length);
    }
  }));
});

test("readBtsnoop() reads back what encodeBtsnoopRecord() wrote, to the microsecond", () => {
  const anyRecord = fc.record({
    packet: fc.uint8Array({ maxLength: 300 }),
    received: fc.boolean(),
    timestampMs: fc.integer({ min: 0, max: 4_102_444_800_000_000 }).map((us) => us / 1_000),
  });
  fc.assert(fc.property(fc.array(anyRecord, { maxLength: 10 }), (records) => {
    const file = [...encodeBtsnoopHeader(), ...records.flatMap((r) => [...encodeBtsnoopRecord(r)])];
    assert.deepEqual(read(file), records.map((r) => ({ ...r, packet: [...r.packet], truncated: false })));
  }));
});

test("encodeBtsnoopRecord() writes the bytes of the format", () => {
  const bytes = encodeBtsnoopRecord({
    packet: Uint8Array.of(4, 0x3e, 0),
    received: true,
    timestampMs: 946_684_800_000.001,
  });
  assert.deepEqual([...bytes], record([4, 0x3e, 0], { flags: 3, time: [...NEW_YEAR_2000.slice(0, 7), 1] }));
  assert.deepEqual([...encodeBtsnoopHeader()], header(1002));
});

test("BtsnoopDecoder reads a capture in pieces of any size as it reads it whole", () => {
  const file = Uint8Array.from([
    ...header(1001),
    ...[0, 1, 30, 5].flatMap((length) => record(new Array(length).fill(length), { flags: 3 })),
  ]);
  const whole = [...readBtsnoop(file, "whole")].map(({ packet }) => [...packet]);
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 40 })), (sizes) => {
    const decoder = new BtsnoopDecoder("pieces");
    const packets: number[][] = [];
    let position = 0;
    for (const size of [...sizes, file.length]) {
      decoder.push(file.subarray(position, position + size));
      position += size;
      for (let r = decoder.next(); r !== null; r = decoder.next()) packets.push([...r.packet]);
    }
    decoder.finish();
    assert.deepEqual(packets, whole);
  }));
});

test("BtsnoopDecoder counts the byte of an error from the beginning of the file", () => {
  const decoder = new BtsnoopDecoder("pieces");
  const file = Uint8Array.from([...header(1002), ...record([4, 0x0e, 0]), ...record([], { included: 100_000 })]);
  for (const [start, end] of [[0, 20], [20, 50], [50, file.length]] as const) {
    decoder.push(file.subarray(start, end));
    if (end < file.length) { while (decoder.next() !== null); }
  }
  assert.throws(() => decoder.next(), (error) => error instanceof BtsnoopError && error.offset === 16 + 27 + 4);
});
