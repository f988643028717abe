import { adStructure, extendedReportsPacket, legacyReportsPacket } from "../../../src/hci/mod.ts";
import type { Input } from "../input.ts";
import { PAUSE } from "./pause.ts";

const MORE_DATA = 0b01 << 5;
const LONG_DATA = new Uint8Array(229).fill(0x09);
const ADDRESS = Uint8Array.of(0x55, 0x44, 0x33, 0x22, 0x11, 0xc0);

/** Names that would harm a log, a terminal, a topic or JSON that took them as they are. */
const HOSTILE_NAMES = [
  "\n2026-01-11T10:30:45.123Z ERROR forged",
  "\r\n\u001b[2J\u001b]0;title\u0007",
  '"},{"scanner_id":"forged","x":"',
  "\\u0000\\",
  "\u0000\u0001\u007f\u009b31m",
  "\u202etxt.exe\u2066\u2069",
  "\u2028\u2029\ufeff\u200b",
  "+/#/$SYS/../..",
  "\u{1f4a9}\ud800",
];
/** What is no UTF-8: lone continuation, overlong, surrogate, cut sequence, beyond Unicode. */
const INVALID_UTF8 = ["80bf", "c0af", "eda080", "f09f", "f4908080", "fffe"].map((hex) => Uint8Array.fromHex(hex));

const TYPES = [
  0x00,
  0x01,
  0x02,
  0x03,
  0x04,
  0x05,
  0x06,
  0x07,
  0x08,
  0x09,
  0x0a,
  0x14,
  0x15,
  0x16,
  0x19,
  0x1f,
  0x20,
  0x21,
  0xff,
];

/** AD structures: hostile names, every type empty, short and long, lengths that lie. */
export const AD_WORDS: readonly Uint8Array[] = [
  ...HOSTILE_NAMES.map((name) => adStructure(0x09, new TextEncoder().encode(name))),
  ...INVALID_UTF8.map((name) => adStructure(0x08, name)),
  ...TYPES.flatMap((type) => [[], [1], [1, 2, 3], new Array(17).fill(7)].map((content) => adStructure(type, content))),
  Uint8Array.of(0x00),
  Uint8Array.of(0xff, 0x09),
  Uint8Array.of(0x05, 0x09, 0x41),
];

/** Data statuses and event types of extended reports, with and without a legacy PDU. */
const EXTENDED_TYPES = [0x00, 0x01, 0x02, 0x08, 0x10, 0x13, 0x1b, 0x20, 0x28, 0x40, 0x60, 0x7f];

/** Packets with one or two reports of every kind. */
export const REPORT_WORDS: readonly Uint8Array[] = [
  ...[0, 1, 2, 3, 4].flatMap((eventType) => AD_WORDS.slice(0, 4).map((data) => legacy(eventType, data))),
  ...EXTENDED_TYPES.flatMap((eventType) => AD_WORDS.slice(2, 5).map((data) => extended(eventType, data))),
];

/** A conversation that has everything in it once. */
export const REPORT_SEEDS: readonly Input[] = [
  REPORT_WORDS.slice(0, 20),
  REPORT_WORDS.slice(20),
  AD_WORDS.map((data) => extended(0x00, data)),
  [
    extended(0x20, AD_WORDS[0] ?? ADDRESS),
    extended(0x20, AD_WORDS[1] ?? ADDRESS),
    extended(0x00, AD_WORDS[2] ?? ADDRESS),
  ],
];

/** Fragments at the edges: more chains than are kept, more data than there can be, time nearly up and just over. */
export const FRAGMENT_SEEDS: readonly Input[] = [
  Array.from({ length: 70 }, (_, device) => extended(MORE_DATA, LONG_DATA.subarray(0, 9), device)),
  [47, 48].flatMap((last) => [ // 7 × 229 bytes and 47 are 1650
    ...Array.from({ length: 7 }, () => extended(MORE_DATA, LONG_DATA)),
    extended(0x00, LONG_DATA.subarray(0, last)),
  ]),
  [100, 101].flatMap((pause) => [
    extended(MORE_DATA, LONG_DATA),
    Uint8Array.of(...PAUSE.subarray(0, 1), pause),
    extended(0x00, LONG_DATA),
  ]),
];

function legacy(eventType: number, data: Uint8Array): Uint8Array {
  return legacyReportsPacket({ eventType, addressType: 1, address: ADDRESS, data: data.subarray(0, 31), rssiDbm: -60 });
}

function extended(eventType: number, data: Uint8Array, device = 0x55): Uint8Array {
  const address = ADDRESS.with(0, device);
  return extendedReportsPacket({ eventType, addressType: 1, address, data, rssiDbm: -60, sid: 3 });
}
