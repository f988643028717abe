import assert from "node:assert/strict";
import {
  BtsnoopDecoder,
  BtsnoopError,
  commandPacket,
  encodeBtsnoopHeader,
  encodeBtsnoopRecord,
  hci,
  HciError,
  openReplay,
  readBtsnoop,
} from "../../../src/hci/mod.ts";
import { systemClock } from "../../../src/time/mod.ts";
import type { Target } from "../fuzzer.ts";
import type { Input } from "../input.ts";
import { REPORT_WORDS } from "./words.ts";

const TIMES = [0, 1_768_127_445_123, -1, 4e12];
const RECORDS = REPORT_WORDS.slice(0, 24).map((packet, i) =>
  encodeBtsnoopRecord({ packet, received: i % 5 !== 0, timestampMs: TIMES[i % TIMES.length] ?? 0 })
);
const HEADER = encodeBtsnoopHeader();
/** The same with the other data links: plain HCI (1001), and the Linux monitor (2001). */
const HEADERS = [HEADER, HEADER.with(15, 0xe9), HEADER.with(14, 0x07).with(15, 0xd1)];

/**
 * Recordings, in pieces as a file system gives them. Whole or in pieces they hold the same records;
 * what is wrong with them is told, and nothing else happens.
 */
export const replayTarget: Target = {
  name: "replay",
  share: 2,
  seeds: HEADERS.map((header) => [header, ...RECORDS]),
  words: [...HEADERS, ...RECORDS.slice(0, 6), Uint8Array.of(0xff, 0xff, 0xff, 0xff), Uint8Array.of(0, 0, 0, 2)],
  async execute(input) {
    const whole = Uint8Array.from(input.flatMap((piece) => [...piece]));
    assert.deepEqual(decodePieces(input), decodeWhole(whole));
    await replay(input);
  },
};

/** The packets, and what is wrong in the end. */
function decodeWhole(bytes: Uint8Array): string[] {
  return collect(function* () {
    for (const { packet, received } of readBtsnoop(bytes, "fuzz")) yield `${received} ${packet.toHex()}`;
  });
}

function decodePieces(input: Input): string[] {
  return collect(function* () {
    const decoder = new BtsnoopDecoder("fuzz");
    for (const piece of input) {
      decoder.push(piece);
      for (let record = decoder.next(); record !== null; record = decoder.next()) {
        yield `${record.received} ${record.packet.toHex()}`;
      }
    }
    decoder.finish();
  });
}

function collect(decode: () => Iterable<string>): string[] {
  const found: string[] = [];
  try {
    for (const each of decode()) found.push(each);
  } catch (error) {
    if (!(error instanceof BtsnoopError)) throw error;
    found.push(error.message);
  }
  return found;
}

async function replay(input: Input): Promise<void> {
  const open = () => Promise.resolve(ReadableStream.from(input.filter(({ length }) => length > 0)));
  try {
    await using transport = await openReplay({ open, name: "fuzz", speed: "max", loop: false, clock: systemClock });
    transport.send(commandPacket(hci.CMD_LE_SET_SCAN_PARAMETERS, [1, 0x60, 0, 0x30, 0, 0, 0]));
    transport.send(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [1, 0]));
    await transport.receive(() => undefined, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof BtsnoopError || error instanceof HciError)) throw error;
  }
}
