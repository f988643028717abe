/** A part of an executable that is mapped to memory; all in bytes. */
interface Segment {
  readonly fileOffset: bigint;
  readonly address: bigint;
  readonly fileBytes: bigint;
  readonly memoryBytes: bigint;
}

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const PT_LOAD = 1;
/** `\x7fELF`, 64 bits, little-endian. */
const BEGINNING = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1);

/**
 * Why a kernel whose pages have this size cannot load an executable as its makers meant; null where
 * it can. A kernel maps whole pages: where two segments share one, the second takes the place of the
 * end of the first. Whatever the bytes, it never throws.
 *
 * @param pageBytes a power of two
 * @see elf(5), the ELF specification's "Program Header"
 */
export function whyNotLoadable(file: Uint8Array, pageBytes: number): string | null {
  const segments = loadableSegments(file);
  if (typeof segments === "string") return segments;
  const page = BigInt(pageBytes);
  const sorted = segments.toSorted((a, b) => a.address < b.address ? -1 : 1);
  for (const [index, segment] of sorted.entries()) {
    const before = sorted[index - 1];
    const kib = pageBytes / 1024;
    if (before !== undefined && (before.address + before.memoryBytes - 1n) / page >= segment.address / page) {
      return `its segments at ${hex(before.address)} and ${hex(segment.address)} share a page of ${kib} KiB`;
    }
    if (segment.fileBytes > 0n && (segment.address - segment.fileOffset) % page !== 0n) {
      return `its segment at ${hex(segment.address)} cannot be mapped in pages of ${kib} KiB`;
    }
  }
  return null;
}

/** What the program headers say; text where they say nothing sensible. */
function loadableSegments(file: Uint8Array): Segment[] | string {
  const isElf = file.length >= HEADER_BYTES && BEGINNING.every((byte, index) => file[index] === byte);
  if (!isElf) return "it is no 64-bit ELF file";
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const tableOffset = view.getBigUint64(32, true);
  const [entryBytes, count] = [view.getUint16(54, true), view.getUint16(56, true)];
  const end = tableOffset + BigInt(entryBytes * count);
  if (entryBytes < PROGRAM_HEADER_BYTES || end > file.length) return "its program headers are damaged";
  const headers = Array.from({ length: count }, (_, index) => Number(tableOffset) + index * entryBytes);
  const segments = headers.filter((at) => view.getUint32(at, true) === PT_LOAD)
    .map((at) => readSegment(view, at)).filter(({ memoryBytes }) => memoryBytes > 0n);
  const isCut = segments.some(({ fileOffset, fileBytes }) => fileBytes > 0n && fileOffset + fileBytes > file.length);
  if (isCut) return "it is cut short";
  return segments.length === 0 ? "it has no loadable segment" : segments;
}

function readSegment(view: DataView, at: number): Segment {
  return {
    fileOffset: view.getBigUint64(at + 8, true),
    address: view.getBigUint64(at + 16, true),
    fileBytes: view.getBigUint64(at + 32, true),
    memoryBytes: view.getBigUint64(at + 40, true),
  };
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}
