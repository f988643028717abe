import type { Libc } from "./libc.ts";
import { NONBLOCK_CLOEXEC } from "./uapi.ts";

/**
 * The text of a system file; null if it cannot be read. Reads through the C library, because Deno gives access to
 * `/dev`, `/proc` and `/sys` only to programs with all permissions.
 */
export function readText(libc: Libc, path: string): string | null {
  const fd = libc.open(path, NONBLOCK_CLOEXEC);
  if (fd < 0) return null;
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(4_096);
  let text = "";
  try {
    for (let length = libc.read(fd, chunk); length > 0; length = libc.read(fd, chunk)) {
      text += decoder.decode(chunk.subarray(0, length), { stream: true });
    }
    return text;
  } finally {
    libc.close(fd);
  }
}
