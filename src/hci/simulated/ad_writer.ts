/** Longest data of one extended advertisement (Core Specification 5.4, Vol 4, Part E, 7.8.57). */
const MAX_DATA_BYTES = 1650;

/** Writes AD structures one after the other into one buffer, which is reused. */
export class AdWriter {
  readonly #bytes = new Uint8Array(MAX_DATA_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #start = 0;

  /** What was written; valid until the next {@linkcode clear}. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  /** Begins an AD structure. */
  begin(type: number): this {
    this.#start = this.#length++;
    return this.u8(type);
  }

  /** Ends an AD structure. */
  end(): this {
    this.#bytes[this.#start] = this.#length - this.#start - 1;
    return this;
  }

  /** An AD structure with the content given. */
  structure(type: number, ...content: readonly number[]): this {
    return this.begin(type).raw(content).end();
  }

  /** An AD structure with a text of ASCII characters. */
  text(type: number, text: string): this {
    this.begin(type);
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
    return this.end();
  }

  /** One byte. */
  u8(value: number): this {
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** Two bytes, least significant first; negative numbers as two's complement. */
  u16(value: number): this {
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
    return this;
  }

  /** Two bytes, most significant first; negative numbers as two's complement. */
  u16be(value: number): this {
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
    return this;
  }

  /** Four bytes, most significant first. */
  u32be(value: number): this {
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
    return this;
  }

  /** Bytes as they are. */
  raw(bytes: ArrayLike<number>): this {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }
}
