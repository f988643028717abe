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

/** The machine that an executable is made for, as `uname -m` calls it; null: any, as a script is. */
export function machineOf(bytes: Uint8Array): string | null {
  const isElf = bytes.length >= 20 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
  if (!isElf) return null;
  const machine = new DataView(bytes.buffer, bytes.byteOffset).getUint16(18, true);
  return MACHINES[machine] ?? `ELF machine ${machine}`;
}
