import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Transform, type TransformCallback } from "node:stream";

const PUBLISH = 3;
/** Type, and at most four bytes of length. @see MQTT 3.1.1, 2.2 */
const LONGEST_HEADER_BYTES = 5;

/** Told of a message that was left out: its topic, and how long the packet was, in bytes. */
export type LeftOut = (topic: string, bytes: number) => void;

/**
 * Lets MQTT packets pass, but for messages (PUBLISH) that are longer than `mostBytes`: of those the topic alone is read.
 * A packet that is malformed passes; whoever parses it has to find that out.
 */
export class Skimmer extends Transform {
  /** What has come of the next packet's fixed header; null: the stream can no longer be followed. */
  #header: number[] | null = [];
  /** How many bytes of the packet are still to pass, or to be left out. */
  #passing = 0;
  #skipping = 0;
  /** The beginning of a packet that is left out, until its topic is complete; null: none is. */
  #topic: number[] | null = null;
  #packetBytes = 0;

  constructor(private readonly mostBytes: number, private readonly leftOut: LeftOut) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    for (let at = 0; at < chunk.length;) at += this.#take(chunk.subarray(at));
    done();
  }

  /** Takes at least one byte of these. */
  #take(bytes: Buffer): number {
    if (this.#header === null) {
      this.push(bytes);
      return bytes.length;
    }
    if (this.#passing > 0) {
      const passed = bytes.subarray(0, this.#passing);
      this.push(passed);
      this.#passing -= passed.length;
      return passed.length;
    }
    if (this.#topic !== null) return this.#takeTopic(this.#topic, bytes[0] ?? 0);
    if (this.#skipping > 0) {
      const skipped = Math.min(this.#skipping, bytes.length);
      this.#skipping -= skipped;
      return skipped;
    }
    return this.#takeHeader(this.#header, bytes[0] ?? 0);
  }

  #takeHeader(header: number[], byte: number): number {
    header.push(byte);
    const isLength = header.length > 1;
    if (isLength && byte < 0x80) this.#begin(header);
    else if (header.length === LONGEST_HEADER_BYTES) {
      this.push(Uint8Array.from(header));
      this.#header = null;
    }
    return 1;
  }

  #begin(header: readonly number[]): void {
    const [first = 0, ...lengthBytes] = header;
    const length = lengthBytes.reduce((sum, byte, i) => sum + (byte & 0x7f) * 128 ** i, 0);
    this.#header = [];
    if (first >> 4 === PUBLISH && length > this.mostBytes) {
      this.#topic = [];
      this.#packetBytes = this.#skipping = length;
    } else {
      this.push(Uint8Array.from(header));
      this.#passing = length;
    }
  }

  #takeTopic(topic: number[], byte: number): number {
    topic.push(byte);
    this.#skipping--;
    const [high = 0, low = 0] = topic;
    const isComplete = topic.length >= 2 && topic.length === 2 + high * 256 + low;
    if (isComplete || this.#skipping === 0) {
      this.#topic = null;
      this.leftOut(new TextDecoder().decode(Uint8Array.from(topic.slice(2))), this.#packetBytes);
    }
    return 1;
  }
}

/** Has a skimmer stand between a socket and whoever reads it by `pipe`, as mqtt.js does. */
export function skim(socket: Socket, skimmer: Skimmer): void {
  const pipe: Socket["pipe"] = socket.pipe.bind(socket);
  socket.pipe = (to, options) => pipe(skimmer, options).pipe(to, options);
}
