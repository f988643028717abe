import assert from "node:assert/strict";
import fc from "fast-check";
import { whyNotLoadable } from "../../../scripts/compile/elf.ts";
import { test } from "../../support/test.ts";

const KIB_4 = 4096;
const KIB_16 = 16_384;
const KIB_64 = 65_536;
const PT_LOAD = 1;
const PT_NOTE = 4;
const HEADER_BYTES = 64;
const ENTRY_BYTES = 56;

/** A program header, all in bytes; where no offset in the file is given, it is the address. */
interface Header {
  readonly address: number;
  readonly bytes: number;
  readonly offset?: number;
  readonly type?: number;
}

/** An executable with these program headers, and nothing in its segments. */
function elf(...headers: readonly Header[]): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(HEADER_BYTES + headers.length * ENTRY_BYTES);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint16(54, ENTRY_BYTES, true);
  view.setUint16(56, headers.length, true);
  for (const [index, { address, bytes, offset = address, type = PT_LOAD }] of headers.entries()) {
    const at = HEADER_BYTES + index * ENTRY_BYTES;
    view.setUint32(at, type, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(address), true);
    view.setBigUint64(at + 40, BigInt(bytes), true); // all of it is .bss
  }
  return file;
}

/** With as much of the first segment in the file as this. */
function withFileBytes(file: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  new DataView(file.buffer).setBigUint64(HEADER_BYTES + 32, BigInt(bytes), true);
  return file;
}

test("whyNotLoadable() finds segments that share a page of 16 and of 64 KiB, but not of 4", () => {
  // As Deno 2.9.5 compiles for ARM64: what it appends begins 264 bytes after the end of .bss.
  const file = elf({ address: 0x53fea30, bytes: 0x774c8 }, { address: 0x5476000, bytes: 0x8d0 });
  assert.equal(whyNotLoadable(file, KIB_4), null);
  for (const pageBytes of [KIB_16, KIB_64]) {
    assert.equal(
      whyNotLoadable(file, pageBytes),
      `its segments at 0x53fea30 and 0x5476000 share a page of ${pageBytes / 1024} KiB`,
    );
  }
});

test("whyNotLoadable() looks at addresses, whatever the order of the headers and whatever lies between them", () => {
  const note = { address: 0x10000, bytes: 8, type: PT_NOTE };
  const [low, high] = [{ address: 0, bytes: 0x10001 }, { address: 0x12000, bytes: 8 }];
  for (const headers of [[low, note, high], [high, note, low]]) {
    assert.match(whyNotLoadable(elf(...headers), KIB_64) ?? "", /at 0x0 and 0x12000 share a page/);
  }
  assert.equal(whyNotLoadable(elf({ ...low, bytes: 0x10000 }, note, high), KIB_64), null);
});

test("whyNotLoadable() finds a segment that lies otherwise in the file than in memory", () => {
  const file = () => elf({ address: 0x21000, offset: 0, bytes: 8 });
  assert.equal(whyNotLoadable(withFileBytes(file(), 8), KIB_4), null);
  assert.match(whyNotLoadable(withFileBytes(file(), 8), KIB_64) ?? "", /^its segment at 0x21000 cannot be mapped/);
});

test("whyNotLoadable() says what is wrong with a file that is no such executable, or is cut", () => {
  const reason = (bytes: Uint8Array) => whyNotLoadable(bytes, KIB_64);
  assert.match(reason(new Uint8Array()) ?? "", /no 64-bit ELF/);
  assert.match(reason(new TextEncoder().encode("#!/bin/sh\n".repeat(20))) ?? "", /no 64-bit ELF/);
  assert.match(reason(elf({ address: 0, bytes: 8 }).subarray(0, -1)) ?? "", /headers are damaged/);
  assert.match(reason(withFileBytes(elf({ address: 0, bytes: 8 }), 1e6)) ?? "", /cut short/);
  assert.match(reason(elf()) ?? "", /no loadable segment/);
});

test("whyNotLoadable() has an answer to any bytes", () => {
  const header = fc.record({
    address: fc.nat(),
    bytes: fc.nat(),
    offset: fc.nat(),
    type: fc.constantFrom(PT_LOAD, PT_NOTE),
  });
  const damaged = fc.tuple(fc.array(header, { maxLength: 6 }), fc.array(fc.tuple(fc.nat(500), fc.nat(255)))).map(
    ([headers, changes]) => {
      const file = elf(...headers);
      for (const [at, byte] of changes) if (at < file.length) file[at] = byte;
      return file;
    },
  );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), damaged), fc.constantFrom(KIB_4, KIB_16, KIB_64), (bytes, pageBytes) => {
      const why = whyNotLoadable(bytes, pageBytes);
      assert.ok(why === null || why.length > 0);
    }),
    { numRuns: 2000 },
  );
});

test("whyNotLoadable() finds of any segments what comparing page by page finds", () => {
  const segment = fc.record({ address: fc.nat(60), bytes: fc.integer({ min: 1, max: 20 }) });
  fc.assert(fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
    const pages = segments.flatMap(({ address, bytes }) => {
      const [first, last] = [Math.floor(address / 4), Math.floor((address + bytes - 1) / 4)];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
    const scaled = segments.map(({ address, bytes }) => ({ address: address * 1024, bytes: bytes * 1024 }));
    assert.equal(whyNotLoadable(elf(...scaled), KIB_4) === null, new Set(pages).size === pages.length);
  }));
});
