import { constants, gunzipSync } from "node:zlib";

/** What a file on the host holds, or is to hold. */
export interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256, lower-case hex. */
  readonly digest: string;
}

/** Names of the files that make up an installation, as the host knows them. */
export const ITEMS = ["binary", "config", "unit"] as const;

export type Item = typeof ITEMS[number];

/** `uname -m` by the machine field of an ELF header. */
const MACHINES: Readonly<Record<number, string>> = { 62: "x86_64", 183: "aarch64" };

export async function contentOf(bytes: Uint8Array<ArrayBuffer>): Promise<Content> {
  return { bytes, digest: new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex() };
}

/**
 * The machine that an executable is made for, as `uname -m` calls it: of an ELF file, or of the one
 * that is compressed in a self-extracting script; null: any.
 */
export function machineOf(bytes: Uint8Array): string | null {
  const header = isScript(bytes) ? unpackHeader(bytes) : bytes;
  const isElf = header.length >= 20 && header[0] === 0x7f && header[1] === 0x45 && header[2] === 0x4c &&
    header[3] === 0x46;
  if (!isElf) return null;
  const machine = new DataView(header.buffer, header.byteOffset).getUint16(18, true);
  return MACHINES[machine] ?? `ELF machine ${machine}`;
}

function isScript(bytes: Uint8Array): boolean {
  return bytes[0] === 0x23 && bytes[1] === 0x21;
}

/** The beginning of what is compressed behind a script; empty where there is nothing. */
function unpackHeader(bytes: Uint8Array): Uint8Array {
  const at = bytes.findIndex((byte, index) => byte === 0x1f && bytes[index + 1] === 0x8b);
  if (at < 0) return new Uint8Array();
  return gunzipSync(bytes.subarray(at, at + 4096), { finishFlush: constants.Z_SYNC_FLUSH });
}
