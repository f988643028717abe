/**
 * The btsnoop capture format, as Android, `btmon -w`, Wireshark and Frontline write it: a 16-byte
 * header, then records of a 24-byte header and one packet each; numbers are big-endian.
 *
 * @see https://fte.com/WebHelpII/sd/Content/Technical_Information/BT_Snoop_File_Format.htm
 * @see BlueZ, doc/btsnoop.rst (data link 2001)
 * @module
 */
import * as c from "./constants.ts";

/** A capture cannot be read. The message names the file, the byte and what was expected there. */
export class BtsnoopError extends Error {
  /** Tells it from other errors. */
  override readonly name = "BtsnoopError";

  /**
   * An error at a place in the file.
   *
   * @param offset the byte, from 0, at which reading stopped
   */
  constructor(message: string, readonly offset: number) {
    super(message);
  }
}

/** One captured HCI packet. */
export interface BtsnoopRecord {
  /** H4 packet type first, whatever the data link. Valid until the next record is read. */
  readonly packet: Uint8Array;
  /** Whether the controller sent it (true) or the host (false). */
  readonly received: boolean;
  /** Milliseconds since the Unix epoch, with microseconds as fraction. */
  readonly timestampMs: number;
  /** Whether the capture holds only the beginning of the packet. */
  readonly truncated: boolean;
}

const MAGIC = Uint8Array.of(0x62, 0x74, 0x73, 0x6e, 0x6f, 0x6f, 0x70, 0x00); // "btsnoop\0"
const HEADER_BYTES = 16;
const RECORD_HEADER_BYTES = 24;
/** H4 type, header of an ACL packet, longest ACL data; no HCI packet is longer. */
const MAX_PACKET_BYTES = 1 + 4 + 0xffff;
const VERSION = 1;
const LINK_UNENCAPSULATED = 1001;
const LINK_H4 = 1002;
const LINK_MONITOR = 2001;
const FLAG_RECEIVED = 0b01;
const FLAG_COMMAND_OR_EVENT = 0b10;
/** 1970-01-01 in microseconds since midnight, January 1st, 0 AD: 0x00E03AB44A676000 is 2000-01-01. */
const UNIX_EPOCH_US = 0x00dc_ddb3_0f2f_8000n;

/** H4 packet type and direction by opcode of a Linux monitor record; other opcodes are not HCI packets. */
const MONITOR_PACKETS: Readonly<Record<number, readonly [type: number, received: boolean]>> = {
  2: [c.PACKET_COMMAND, false],
  3: [c.PACKET_EVENT, true],
  4: [c.PACKET_ACL_DATA, false],
  5: [c.PACKET_ACL_DATA, true],
  6: [c.PACKET_SYNCHRONOUS_DATA, false],
  7: [c.PACKET_SYNCHRONOUS_DATA, true],
  18: [c.PACKET_ISO_DATA, false],
  19: [c.PACKET_ISO_DATA, true],
};

/** First bytes of files that people mistake for btsnoop, and what to do with those files. */
const FOREIGN: ReadonlyArray<readonly [magic: readonly number[], advice: string]> = [
  [[0xa1, 0xb2, 0xc3, 0xd4], convert("pcap")],
  [[0xd4, 0xc3, 0xb2, 0xa1], convert("pcap")],
  [[0xa1, 0xb2, 0x3c, 0x4d], convert("pcap")],
  [[0x4d, 0x3c, 0xb2, 0xa1], convert("pcap")],
  [[0x0a, 0x0d, 0x0d, 0x0a], convert("pcapng")],
  [[0x1f, 0x8b], "is compressed with gzip; unpack it with `gunzip`"],
  [[0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd; unpack it with `zstd -d`"],
  [[0x50, 0x4b, 0x03, 0x04], "is a zip archive; an Android bug report has the capture in FS/data/misc/bluetooth/logs"],
];

/**
 * Reads captures piece by piece: push chunks as they come, take the records they complete.
 *
 * A packet of which the capture holds only the beginning is returned as far as it goes, marked `truncated`. Records of
 * the Linux monitor that are not HCI packets (an adapter appeared, a log line) are skipped.
 */
export class BtsnoopDecoder {
  readonly #name: string;
  #chunk: Uint8Array = new Uint8Array();
  #view = new DataView(this.#chunk.buffer);
  #position = 0;
  /** Place of the chunk's first byte in the file. */
  #chunkOffset = 0;
  #dataLink: number | null = null;

  /**
   * Decodes one file.
   *
   * @param name what messages call the file
   */
  constructor(name: string) {
    this.#name = name;
  }

  /** Adds the next bytes of the file. They must not change until all their records are read. */
  push(chunk: Uint8Array): void {
    const rest = this.#chunk.subarray(this.#position);
    this.#chunkOffset += this.#position;
    this.#position = 0;
    if (rest.length === 0) {
      this.#chunk = chunk;
    } else {
      this.#chunk = new Uint8Array(rest.length + chunk.length);
      this.#chunk.set(rest);
      this.#chunk.set(chunk, rest.length);
    }
    this.#view = new DataView(this.#chunk.buffer, this.#chunk.byteOffset, this.#chunk.length);
  }

  /**
   * Reads the file's header; returns whether it was complete.
   *
   * @throws {BtsnoopError} if the file has another format, version or data link
   */
  readHeader(): boolean {
    if (this.#dataLink !== null) return true;
    if (this.#available < HEADER_BYTES) return false;
    this.#checkMagic();
    const version = this.#view.getUint32(this.#position + 8);
    const dataLink = this.#view.getUint32(this.#position + 12);
    if (version !== VERSION) throw this.#error(8, `is btsnoop version ${version}; expected version ${VERSION}`);
    if (dataLink !== LINK_UNENCAPSULATED && dataLink !== LINK_H4 && dataLink !== LINK_MONITOR) {
      throw this.#error(12, `has data link ${dataLink}; expected 1001 (HCI), 1002 (HCI UART) or 2001 (Linux monitor)`);
    }
    this.#dataLink = dataLink;
    this.#position += HEADER_BYTES;
    return true;
  }

  /**
   * The next record, or null if it needs more bytes.
   *
   * @throws {BtsnoopError} if the bytes cannot be a capture
   */
  next(): BtsnoopRecord | null {
    if (!this.readHeader()) return null;
    while (this.#available >= RECORD_HEADER_BYTES) {
      const at = this.#position;
      const originalLength = this.#view.getUint32(at);
      const includedLength = this.#view.getUint32(at + 4);
      if (includedLength > MAX_PACKET_BYTES) {
        throw this.#error(4, `has a record of ${includedLength} bytes; expected at most ${MAX_PACKET_BYTES}`);
      }
      const end = at + RECORD_HEADER_BYTES + includedLength;
      if (end > this.#chunk.length) return null;
      this.#position = end;
      const framed = this.#frame(this.#chunk.subarray(at + RECORD_HEADER_BYTES, end), this.#view.getUint32(at + 8));
      if (framed === null) continue;
      const timestampMs = Number(this.#view.getBigInt64(at + 16) - UNIX_EPOCH_US) / 1_000;
      return { ...framed, timestampMs, truncated: includedLength < originalLength };
    }
    return null;
  }

  /**
   * To be called after the last chunk's last record.
   *
   * @throws {BtsnoopError} if the file ends within its header or a record
   */
  finish(): void {
    if (!this.readHeader()) {
      this.#checkMagic();
      throw this.#error(this.#available, `ends within its header; expected ${HEADER_BYTES} bytes`);
    }
    const available = this.#available;
    if (available === 0) return;
    const expected = available < RECORD_HEADER_BYTES
      ? `${RECORD_HEADER_BYTES} bytes of record header`
      : `${this.#view.getUint32(this.#position + 4)} bytes of packet`;
    const present = available < RECORD_HEADER_BYTES ? available : available - RECORD_HEADER_BYTES;
    throw this.#error(available, `ends within a record, cut off: expected ${expected}, found ${present}`);
  }

  get #available(): number {
    return this.#chunk.length - this.#position;
  }

  #checkMagic(): void {
    const start = this.#chunk.subarray(this.#position, this.#position + MAGIC.length);
    if (start.every((byte, index) => byte === MAGIC[index])) return;
    const foreign = FOREIGN.find(([magic]) => magic.every((byte, index) => byte === start[index]));
    throw this.#error(0, foreign?.[1] ?? `is no btsnoop capture; expected "btsnoop" and a zero byte`);
  }

  /** Puts the H4 type before packets that lack it; null if it is not an HCI packet. */
  #frame(data: Uint8Array, flags: number): Pick<BtsnoopRecord, "packet" | "received"> | null {
    if (this.#dataLink === LINK_MONITOR) {
      const [type, received] = MONITOR_PACKETS[flags & 0xffff] ?? [];
      return type === undefined || received === undefined ? null : { packet: prefixed(type, data), received };
    }
    const received = (flags & FLAG_RECEIVED) !== 0;
    if (this.#dataLink === LINK_H4) return { packet: data, received };
    const commandOrEvent = received ? c.PACKET_EVENT : c.PACKET_COMMAND;
    const type = (flags & FLAG_COMMAND_OR_EVENT) !== 0 ? commandOrEvent : c.PACKET_ACL_DATA;
    return { packet: prefixed(type, data), received };
  }

  #error(offsetInRecord: number, what: string): BtsnoopError {
    const offset = this.#chunkOffset + this.#position + offsetInRecord;
    return new BtsnoopError(`${this.#name} ${what} (at byte ${offset})`, offset);
  }
}

/**
 * Reads a whole capture from memory.
 *
 * @param name what messages call the file
 * @throws {BtsnoopError} where the bytes are no capture, or a record is cut off: after all before it
 *
 * @example
 * ```ts
 * import { encodeBtsnoopHeader, encodeBtsnoopRecord, readBtsnoop } from "./btsnoop.ts";
 *
 * const reset = Uint8Array.of(0x01, 0x03, 0x0c, 0x00);
 * const record = encodeBtsnoopRecord({ packet: reset, received: false, timestampMs: 1_768_127_445_123 });
 * const file = new Uint8Array([...encodeBtsnoopHeader(), ...record]);
 * for (const { packet, received } of readBtsnoop(file, "reset.btsnoop")) {
 *   console.assert(packet.length === 4 && !received);
 * }
 * ```
 */
export function* readBtsnoop(bytes: Uint8Array, name: string): Generator<BtsnoopRecord> {
  const decoder = new BtsnoopDecoder(name);
  decoder.push(bytes);
  for (let record = decoder.next(); record !== null; record = decoder.next()) yield record;
  decoder.finish();
}

/** The beginning of a capture of H4 packets (data link 1002). */
export function encodeBtsnoopHeader(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, VERSION);
  view.setUint32(12, LINK_H4);
  return bytes;
}

/** One record of a capture of H4 packets. */
export function encodeBtsnoopRecord(record: Omit<BtsnoopRecord, "truncated">): Uint8Array {
  const { packet, received, timestampMs } = record;
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + packet.length);
  bytes.set(packet, RECORD_HEADER_BYTES);
  const isCommandOrEvent = packet[0] === c.PACKET_COMMAND || packet[0] === c.PACKET_EVENT;
  const view = new DataView(bytes.buffer);
  view.setUint32(0, packet.length);
  view.setUint32(4, packet.length);
  view.setUint32(8, (received ? FLAG_RECEIVED : 0) | (isCommandOrEvent ? FLAG_COMMAND_OR_EVENT : 0));
  view.setBigInt64(16, UNIX_EPOCH_US + BigInt(Math.round(timestampMs * 1_000)));
  return bytes;
}

function convert(format: string): string {
  return `is a ${format} file; convert it with \`tshark -r FILE -F btsnoop -w OUT\``;
}

function prefixed(type: number, data: Uint8Array): Uint8Array {
  const packet = new Uint8Array(data.length + 1);
  packet[0] = type;
  packet.set(data, 1);
  return packet;
}
