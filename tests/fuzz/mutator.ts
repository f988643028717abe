import type { Random } from "../../src/hci/simulated/random.ts";
import type { Input } from "./input.ts";

/** Longer inputs say nothing that shorter ones do not, and take their time. */
const MOST_PIECES = 120;
const MOST_BYTES = 2_000;
const MOST_CHANGES = 5;
/** Where programs go wrong by one. */
const EDGES = [0x00, 0x01, 0x7e, 0x7f, 0x80, 0xfe, 0xff];

/** Changes inputs at random; the same numbers make the same changes. */
export class Mutator {
  /** @param words pieces of input that mean something, put in as they are */
  constructor(private readonly random: Random, private readonly words: readonly Uint8Array[]) {}

  /** Another input, made of `input` and now and then of parts of `other`. */
  mutate(input: Input, other: Input): Input {
    let pieces = [...input];
    for (let left = 1 + this.random.below(MOST_CHANGES); left > 0; left--) {
      if (pieces.length === 0 || this.random.below(5) === 0) pieces = this.#rearrange(pieces, other);
      else {
        const at = this.random.below(pieces.length);
        pieces[at] = this.#change(pieces[at] ?? new Uint8Array(), other);
      }
    }
    return pieces.slice(0, MOST_PIECES);
  }

  #rearrange(pieces: readonly Uint8Array[], other: Input): Uint8Array[] {
    const at = this.random.below(pieces.length + 1);
    const one = pieces.slice(at, at + 1);
    switch (this.random.below(5)) {
      case 0:
        return pieces.toSpliced(at, 1);
      case 1:
        return pieces.toSpliced(at, 0, this.#pick(other) ?? this.#noise(1 + this.random.below(64)));
      case 2:
        return pieces.toSpliced(at, 0, ...Array.from({ length: this.random.below(80) }, () => one).flat());
      case 3:
        return [...pieces.slice(at), ...pieces.slice(0, at)];
      default:
        return [...pieces.slice(0, at), ...other.slice(this.random.below(other.length + 1))];
    }
  }

  #change(piece: Uint8Array, other: Input): Uint8Array {
    const at = this.random.below(piece.length + 1);
    switch (this.random.below(7)) {
      case 0:
        return this.#set(piece, at, this.random.below(256));
      case 1:
        return this.#set(piece, at, this.#pick(EDGES) ?? 0);
      case 2:
        return this.#set(piece, at, (piece[at] ?? 0) ^ 1 << this.random.below(8));
      case 3:
        return splice(piece, at, this.random.below(8), new Uint8Array());
      case 4:
        return splice(piece, at, 0, this.#noise(this.random.below(8)));
      case 5:
        return splice(piece, at, this.random.below(8), this.#pick(this.words) ?? this.#noise(4));
      default: {
        const from = this.#pick(other) ?? piece;
        return splice(piece, at, this.random.below(32), from.subarray(this.random.below(from.length + 1)));
      }
    }
  }

  #set(piece: Uint8Array, at: number, byte: number): Uint8Array {
    return at < piece.length ? piece.with(at, byte) : splice(piece, at, 0, Uint8Array.of(byte));
  }

  #noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.random.below(256));
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.random.below(Math.max(from.length, 1))];
  }
}

/** With `remove` bytes at `at` replaced by others. */
function splice(piece: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const tail = piece.subarray(Math.min(at + remove, piece.length));
  const whole = new Uint8Array(at + insert.length + tail.length);
  whole.set(piece.subarray(0, at));
  whole.set(insert, at);
  whole.set(tail, at + insert.length);
  return whole.subarray(0, MOST_BYTES);
}
